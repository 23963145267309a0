import type { Whose } from "./failures.ts";
import { markQuestion, type MarkAsked } from "../http/schemas/failure-groups.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator } from "./operator.ts";

type Listing = Whose & { readonly json: boolean };

interface ListedGroup {
  readonly key: string;
  readonly reason: string;
  readonly status?: number;
  readonly words?: string;
  readonly fields: readonly string[];
  readonly count: number;
  readonly first: string;
  readonly last: string;
  readonly sources: readonly string[];
  readonly sample: string;
  readonly state: string;
  readonly mark?: {
    readonly by: string;
    readonly at: string;
    readonly note?: string;
    readonly until?: string;
  };
}

/** `failures groups`: what is parked, by what the trouble is. */
export async function listGroups(
  options: Listing & { readonly state?: string | undefined },
  io: Io,
): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const all = (await operator.groups()) as ListedGroup[];
    const items = all.filter(({ state }) => options.state === undefined || state === options.state);
    if (options.json) printJson(io, { items });
    else if (items.length === 0) io.out(all.length === 0 ? "Nothing is parked.\n" : "No such group.\n");
    else for (const item of items) io.out(`${groupText(item)}\n`);
    return 0;
  });
}

function groupText(group: ListedGroup): string {
  const { key, reason, status, words, fields, count, first, last, sources, sample, state, mark } = group;
  const what = fields.length > 0 ? ` [${fields.join(", ")}]` : "";
  const said = [status, words].filter((part) => part !== undefined && part !== "").join(" ");
  const from = sources.length > 0 ? `, from ${sources.join(", ")}` : "";
  const until = mark?.until !== undefined && state === "muted" ? ` until ${mark.until}` : "";
  const by = mark && state !== "open" ? `${until} by ${mark.by} at ${mark.at}` : "";
  const note = mark?.note === undefined ? "" : `: ${mark.note}`;
  return [
    `${key}  ${state}  ${count} ${reason}${what}${said === "" ? "" : `: ${said}`}`,
    `    first ${first}, last ${last}${from}, such as ${sample}`,
    ...(by === "" ? [] : [`    ${state}${by}${note}`]),
  ].join("\n");
}

export interface MarkOptions extends Listing {
  readonly note?: string | undefined;
  /** How long it is muted: `1d`, `7d`, `always`. */
  readonly for?: string | undefined;
}

/** `failures acknowledge | mute | open KEY`: neither retries nor drops anything. */
export async function markGroup(
  key: string,
  state: MarkAsked["state"],
  options: MarkOptions,
  io: Io,
): Promise<ExitCode> {
  const untilAt = options.for === undefined ? undefined : untilOf(options.for, Date.now());
  if (untilAt === "none") {
    io.err("--for is a number of hours or days such as 12h or 7d, or always\n");
    return 2;
  }
  const asked = markQuestion.safeParse({
    state,
    ...(options.note === undefined ? {} : { note: options.note }),
    ...(untilAt === undefined ? {} : { until: untilAt }),
  });
  if (!asked.success) {
    io.err(`${asked.error.issues[0]?.message ?? "that cannot be said of a group"}\n`);
    return 2;
  }
  return await withOperator(io, options, async (operator) => {
    const marked = await operator.mark(key, asked.data);
    if (marked === undefined) {
      io.err(`nothing is parked in a group ${key}\n`);
      return 1;
    }
    if (options.json) printJson(io, marked);
    else
      io.out(
        `${key} is ${state}${untilAt === undefined ? "" : ` until ${new Date(untilAt).toISOString()}`}\n`,
      );
    return 0;
  });
}

function untilOf(text: string, now: number): number | undefined | "none" {
  if (text === "always") return undefined;
  const [, number, unit] = /^([1-9]\d{0,3})([hd])$/.exec(text) ?? [];
  if (number === undefined) return "none";
  return now + Number(number) * (unit === "h" ? 3_600_000 : 86_400_000);
}
