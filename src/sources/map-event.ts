import {
  coreFields,
  customField,
  type CoreField,
  type FieldName,
  type FieldValue,
} from "../contact/contact-patch.ts";
import { contactRef, type ContactRef, type IdentifierKind } from "../contact/contact-ref.ts";
import { coerceCustomValue } from "../contact/custom-field.ts";
import type { FieldReport, MappingWarning, RelayEvent } from "../contact/event.ts";
import { accepted, refused } from "../contact/normalized.ts";
import {
  isAbsent,
  normalizeCoreField,
  splitFullName,
  type Normalized,
  type RegionCode,
} from "../contact/normalize.ts";
import type {
  Candidate,
  CandidateField,
  Candidates,
  JsonValue,
  Provider,
  ProviderMapping,
} from "../providers/provider.ts";
import { traceAnswers, type AnswersTrace } from "./answers-trace.ts";
import type { Evaluation, EventBinding, Expression } from "./expression.ts";
import type { FieldMapping } from "./field-mapping.ts";
import { emptyReport, shownValue } from "./report.ts";
import type { Mapped } from "./source.ts";

/** What mapping an event takes. */
export interface MappingPlan {
  readonly provider: Pick<Provider, "map">;
  readonly region: RegionCode | undefined;
  readonly identify: readonly IdentifierKind[];
  readonly mapping: FieldMapping;
}

/** Maps one event. Never rejects: what cannot be carried out is `failed`, so that it is kept. */
export async function mapSourceEvent(plan: MappingPlan, event: RelayEvent): Promise<Mapped> {
  try {
    const found = plan.provider.map(event);
    switch (found.kind) {
      case "nothing":
        return { kind: "ignored", reason: found.reason, warnings: [], report: emptyReport };
      case "erase":
        return erasure(plan, found);
      case "contact":
        return await mapContact(plan, event, found);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message: `the event cannot be mapped: ${why}` };
  }
}

/** What is known of the update so far. */
interface Draft {
  readonly patch: Partial<Record<FieldName, FieldValue>>;
  readonly warnings: MappingWarning[];
  readonly fields: FieldReport[];
  contactId: ContactRef | undefined;
}

async function mapContact(
  plan: MappingPlan,
  event: RelayEvent,
  found: Extract<ProviderMapping, { kind: "contact" }>,
): Promise<Mapped> {
  const draft: Draft = { patch: {}, warnings: [], fields: [], contactId: undefined };
  const trace = traceAnswers(found.root, found.answers);
  takeCandidates(plan, found.candidates, draft, trace);
  const fieldsFound = Object.keys(draft.patch).length;
  const applied = await applyMapping(plan, event, trace.root, draft);
  if (!applied.ok) return { kind: "failed", message: applied.message };
  const { patch, warnings, fields } = draft;
  const report = { fields, unusedAnswers: trace.unused() };
  const contact = nameOf(plan.identify, draft);
  const isMapped = Object.keys(patch).length > fieldsFound;
  if (found.unlessMapped !== undefined && !isMapped) {
    return { kind: "ignored", reason: found.unlessMapped, warnings, report };
  }
  if (contact === undefined) return { kind: "ignored", reason: "no-identifier", warnings, report };
  if (Object.keys(patch).length === 0) return { kind: "ignored", reason: "no-fields", warnings, report };
  return { kind: "update", contact, patch, warnings, report };
}

/** The provider's own finds, for the fields that the source does not map itself. */
function takeCandidates(plan: MappingPlan, candidates: Candidates, draft: Draft, trace: AnswersTrace): void {
  const { patch, warnings, fields } = draft;
  const fit = (field: CoreField, from: CandidateField) => {
    const normalize = (value: JsonValue) => normalizeCoreField(field, value, plan.region);
    return firstFit(candidates[from], normalize);
  };
  const take = (field: CoreField, taken: Extract<Fit, { ok: true }>, value = taken.value) => {
    patch[field] = value;
    trace.taken(taken.path);
    fields.push({ field, from: taken.path, was: shownValue(taken.was), became: value });
  };
  const refuse = (field: CandidateField, unfit: Fit | undefined) => {
    if (unfit?.ok !== false) return;
    warnings.push({ field, message: unfit.message });
    fields.push({ field, from: unfit.path, was: shownValue(unfit.was), why: unfit.message });
  };
  const isOwn = (field: CoreField) => !plan.mapping.core.has(field);
  const full = isOwn("firstName") ? fit("firstName", "fullName") : undefined;
  for (const field of coreFields) {
    if (!isOwn(field)) {
      if (plan.mapping.core.get(field) === "removed") {
        fields.push({ field, why: "left out by the source's map" });
      }
      continue;
    }
    const found = fit(field, field);
    if (found?.ok) take(field, found);
    else if (field === "firstName" && full?.ok) take(field, full, splitFullName(full.value).firstName);
    else if (field === "lastName" && splitsName(draft, full)) {
      take(field, full, splitFullName(full.value).lastName);
    } else if (found) refuse(field, found);
    else if (field === "firstName" && full) refuse("fullName", full);
    else fields.push({ field, why: "the payload has none" });
  }
}

/** Whether the last name comes out of the full name: the first name did, and it has more than one word. */
function splitsName(draft: Draft, full: Fit | undefined): full is Extract<Fit, { ok: true }> {
  if (full?.ok !== true) return false;
  const { firstName, lastName } = splitFullName(full.value);
  const isFromFull = draft.fields.some(
    (report) => report.field === "firstName" && report.from === full.path && report.became === firstName,
  );
  return isFromFull && lastName !== undefined;
}

type Fit =
  | { ok: true; value: string; path: string; was: JsonValue }
  | { ok: false; message: string; path: string; was: JsonValue };

/** The first candidate that is fit; else why the first one is not; undefined when there is none. */
function firstFit(
  candidates: readonly Candidate[] | undefined,
  normalize: (value: JsonValue) => Normalized<string>,
): Fit | undefined {
  let refusal: Fit | undefined;
  for (const { path, value } of candidates ?? []) {
    if (isAbsent(value)) continue;
    const normalized = normalize(value);
    if (normalized.ok) return { ok: true, value: normalized.value, path, was: value };
    refusal ??= { ok: false, message: `${normalized.message} (${path})`, path, was: value };
  }
  return refusal;
}

/** How one value of the update is made. */
interface Rule {
  readonly field: FieldName | "id";
  readonly expression: Expression;
  readonly clear: boolean;
  readonly normalize: (value: unknown) => Normalized<FieldValue>;
}

function rulesOf({ mapping, region }: MappingPlan): Rule[] {
  const rules: Rule[] = [];
  for (const [field, rule] of mapping.core) {
    if (rule === "removed") continue;
    const { expression, clear } = rule;
    const normalize = (value: unknown) => normalizeCoreField(field, value, rule.region ?? region);
    rules.push({ field, expression, clear, normalize });
  }
  for (const { name, expression, clear, type, options } of mapping.custom) {
    const normalize = (value: unknown) => coerceCustomValue(value, type, options);
    rules.push({ field: customField(name), expression, clear, normalize });
  }
  if (mapping.id) rules.push({ field: "id", expression: mapping.id, clear: false, normalize: normalizeId });
  return rules;
}

function normalizeId(value: unknown): Normalized<string> {
  const ref = contactRef("id", value);
  return ref === undefined ? refused(value, "is not the id of a contact") : accepted(ref);
}

/** The source's own `map`, one expression after the other, so that each has its time for itself. */
async function applyMapping(
  plan: MappingPlan,
  event: RelayEvent,
  root: JsonValue,
  draft: Draft,
): Promise<{ ok: true } | { ok: false; message: string }> {
  const rules = rulesOf(plan);
  if (rules.length === 0) return { ok: true };
  const binding = bindingOf(event);
  for (const rule of rules) {
    const found = read(await rule.expression.evaluate(root, binding));
    if (found.kind === "stopped") {
      return { ok: false, message: `the mapping of ${rule.field} was stopped: ${found.message}` };
    }
    settle(draft, rule, found);
  }
  return { ok: true };
}

function settle(draft: Draft, rule: Rule, found: Exclude<Found, { kind: "stopped" }>): void {
  const { field } = rule;
  const from = rule.expression.text;
  switch (found.kind) {
    case "error":
      draft.warnings.push({ field, message: found.message });
      draft.fields.push({ field, from, why: found.message });
      return;
    case "absent":
      if (rule.clear && field !== "id") {
        draft.patch[field] = null;
        draft.fields.push({ field, from, became: null });
      } else draft.fields.push({ field, from, why: "the expression found nothing" });
      return;
    case "present": {
      const was = shownValue(found.value);
      const normalized = rule.normalize(found.value);
      if (!normalized.ok) {
        draft.warnings.push({ field, message: normalized.message });
        draft.fields.push({ field, from, was, why: normalized.message });
        return;
      }
      if (field === "id") draft.contactId = contactRef("id", found.value);
      else draft.patch[field] = normalized.value;
      draft.fields.push({ field, from, was, became: normalized.value });
    }
  }
}

type Found =
  Exclude<Evaluation, { kind: "value" }> | { kind: "present"; value: unknown } | { kind: "absent" };

function read(evaluation: Evaluation): Found {
  if (evaluation.kind !== "value") return evaluation;
  const value = unwrapped(evaluation.value);
  return isAbsent(value) ? { kind: "absent" } : { kind: "present", value };
}

/** JSONata's sequences: absent items are none, and one item is that item. */
function unwrapped(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  const present = value.filter((item: unknown) => !isAbsent(item));
  return present.length <= 1 ? present[0] : present;
}

/** The first kind that the update's own values carry names the contact. */
function nameOf(identify: readonly IdentifierKind[], draft: Draft): ContactRef | undefined {
  for (const kind of identify) {
    const name: ContactRef | undefined =
      kind === "id" ? draft.contactId : normalizedRef(kind, draft.patch[kind]);
    if (name !== undefined) return name;
  }
  return undefined;
}

function normalizedRef(kind: "phone" | "email", value: FieldValue | undefined): ContactRef | undefined {
  return typeof value === "string" ? `${kind}:${value}` : undefined;
}

function bindingOf(event: RelayEvent): EventBinding {
  const { id, type, source, attributes } = event;
  const occurredAt = new Date(event.occurredAt).toISOString();
  return { id, type, source, attributes, occurredAt, receivedAt: new Date(event.receivedAt).toISOString() };
}

/** Read as mapping reads them: whoever is to be erased is known here by the name that mapping gave. */
function erasure(plan: MappingPlan, request: Extract<ProviderMapping, { kind: "erase" }>): Mapped {
  const rule = plan.mapping.core.get("phone");
  const region = (rule === "removed" ? undefined : rule?.region) ?? plan.region;
  const contacts = new Set<ContactRef>();
  const unreadable = new Set<"phone" | "email">();
  const read = (kind: "phone" | "email", values: readonly string[]) => {
    for (const value of values.filter((value) => !isAbsent(value))) {
      const normalized = normalizeCoreField(kind, value, region);
      if (normalized.ok) contacts.add(`${kind}:${normalized.value}`);
      else unreadable.add(kind);
    }
  };
  read("phone", request.phones);
  read("email", request.emails);
  if (contacts.size + unreadable.size === 0) {
    return { kind: "ignored", reason: "nobody-to-erase", warnings: [], report: emptyReport };
  }
  return { kind: "erase", contacts: [...contacts], unreadable: [...unreadable] };
}
