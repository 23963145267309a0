import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator, type Operator } from "./operator.ts";
import { withProgress } from "./progress.ts";

/** In which workspace to look, where there are several. */
export interface Whose {
  readonly destination?: string | undefined;
}
type Listing = Whose & { readonly json: boolean };

/** Which of what is parked is meant; all that is given has to fit. */
export interface FailureOptions {
  readonly reason?: string | undefined;
  readonly source?: string | undefined;
  readonly contact?: string | undefined;
  readonly field?: string | undefined;
}

interface ListedFailure {
  readonly id: string;
  readonly kind: string;
  readonly at: string;
  readonly reason: string;
  readonly contact?: string;
  readonly source?: string;
  readonly status?: number;
  readonly message?: string;
  readonly fields?: readonly string[];
}

function fits(item: ListedFailure, { reason, source, contact, field }: FailureOptions): boolean {
  return (
    (reason === undefined || item.reason === reason) &&
    (source === undefined || item.source === source) &&
    (contact === undefined || item.contact === contact) &&
    (field === undefined || item.fields?.includes(field) === true)
  );
}

async function fitting(operator: Operator, options: FailureOptions): Promise<readonly ListedFailure[]> {
  return ((await operator.failures()) as ListedFailure[]).filter((item) => fits(item, options));
}

function isFiltered({ reason, source, contact, field }: FailureOptions): boolean {
  return [reason, source, contact, field].some((given) => given !== undefined);
}

/** `failures list`: what is set aside for a person, all of it or what fits. */
export async function listFailures(options: Listing & FailureOptions, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const items = await fitting(operator, options);
    if (options.json) printJson(io, { items });
    else if (items.length === 0)
      io.out(isFiltered(options) ? "Nothing that fits is parked.\n" : "Nothing is parked.\n");
    else for (const item of items) io.out(`${failureLine(item)}\n`);
    return 0;
  });
}

function failureLine(item: ListedFailure): string {
  const who = item.contact ?? `source ${item.source ?? "?"}`;
  const what = item.fields && item.fields.length > 0 ? ` [${item.fields.join(", ")}]` : "";
  const said = [item.status, item.message].filter((part) => part !== undefined).join(" ");
  return `${item.id}  ${item.at}  ${item.kind}  ${who}  ${item.reason}${what}${said === "" ? "" : `: ${said}`}`;
}

export async function showFailure(id: string, options: Whose, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const failure = await operator.failure(id);
    if (failure === undefined) return notParked(id, io);
    printJson(io, failure);
    return 0;
  });
}

/** `failures retry ID…`, `--all`, or by a filter: what is retried does not overwrite what has become newer since. */
export async function retryFailures(
  ids: readonly string[],
  options: Listing & FailureOptions & { all: boolean },
  io: Io,
): Promise<ExitCode> {
  const ways = [options.all, ids.length > 0, isFiltered(options)].filter(Boolean);
  if (ways.length !== 1) {
    io.err("name the failures to retry, or --all, or --reason, --source, --contact and --field\n");
    return 2;
  }
  return await withOperator(io, options, async (operator) => {
    let retried = 0;
    const missing: string[] = [];
    await withProgress(io, options.json, async ({ show }) => {
      if (options.all) retried = await operator.retryAll((done, of) => show(done, of, "retried"));
      const found = isFiltered(options) ? (await fitting(operator, options)).map(({ id }) => id) : ids;
      for (const [index, id] of found.entries()) {
        show(index, found.length, id);
        if (await operator.retry(id)) retried += 1;
        else missing.push(id);
      }
    });
    if (options.json) printJson(io, { retried, missing });
    else io.out(`${retried} retried\n`);
    for (const id of missing) notParked(id, io);
    return missing.length === 0 ? 0 : 1;
  });
}

export async function dropFailure(id: string, options: Listing, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    if (!(await operator.drop(id))) return notParked(id, io);
    if (options.json) printJson(io, { dropped: id });
    else io.out(`${id} dropped\n`);
    return 0;
  });
}

function notParked(id: string, io: Io): ExitCode {
  io.err(`nothing is parked under ${id}\n`);
  return 1;
}
