import { customFieldName, patchEntries, type FieldName, type FieldValue } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { fitField, type FieldFit } from "../contact/field-fit.ts";
import type { Applied } from "../contact/merge.ts";
import { compareStamps } from "../contact/stamp.ts";
import type { WorkspaceFields } from "../contact/workspace-field.ts";
import { pieceOf } from "./pieces.ts";

/** A value that the workspace cannot take, alone in its piece of the update. */
export interface Unfit {
  readonly piece: ContactUpdate;
  readonly field: FieldName;
  readonly message: string;
}

export interface Fitted {
  /** With what fits, as the workspace has it. One of which nothing fits is not among them. */
  readonly updates: readonly ContactUpdate[];
  /** What does not fit, but for values that are older than what was applied. */
  readonly unfit: readonly Unfit[];
}

/** The judgement of one value of an update. */
export type Judge = (name: string, value: FieldValue, update: ContactUpdate) => FieldFit;

export function judgeBy(fields: WorkspaceFields): Judge {
  return (name, value) => fitField(name, value, fields);
}

/** Divides updates into what the workspace can take and what it cannot, as its API would, before it is asked. */
export function fitUpdates(updates: readonly ContactUpdate[], applied: Applied, judge: Judge): Fitted {
  const fitting: ContactUpdate[] = [];
  const unfit = new Map<string, Unfit>();
  for (const update of updates) {
    const patch: Partial<Record<FieldName, FieldValue>> = {};
    for (const [field, value] of patchEntries(update.patch)) {
      const name = customFieldName(field);
      const fit: FieldFit = name === undefined ? { kind: "fits", value } : judge(name, value, update);
      if (fit.kind !== "unfit") patch[field] = fit.value;
      else if (!isSuperseded(field, update, applied)) {
        const message = `${name}: Invalid value (not sent: ${fit.why})`;
        // A piece that waits beside its own update, after a crash, is the same value.
        const key = `${update.stamp} ${field}`;
        if (!unfit.has(key)) unfit.set(key, { piece: pieceOf(update, [field]), field, message });
      }
    }
    if (Object.keys(patch).length > 0) fitting.push({ ...update, patch });
  }
  return { updates: fitting, unfit: [...unfit.values()] };
}

/** Whether a value as new or newer was applied. */
export function isSuperseded(
  field: FieldName,
  { stamp }: Pick<ContactUpdate, "stamp">,
  applied: Applied,
): boolean {
  const newest = applied[field];
  return newest !== undefined && compareStamps(stamp, newest.stamp) <= 0;
}
