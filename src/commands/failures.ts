import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator } from "./operator.ts";

/** In which workspace to look, where there are several. */
export interface Whose {
  readonly destination?: string | undefined;
}
type Listing = Whose & { readonly json: boolean };

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

/** `failures list`: everything that is set aside for a person. */
export async function listFailures(options: Listing, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const items = (await operator.failures()) as ListedFailure[];
    if (options.json) printJson(io, { items });
    else if (items.length === 0) io.out("Nothing is parked.\n");
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

/** `failures retry ID…` or `--all`: what is retried does not overwrite what has become newer since. */
export async function retryFailures(
  ids: readonly string[],
  options: Listing & { all: boolean },
  io: Io,
): Promise<ExitCode> {
  if (options.all === ids.length > 0) {
    io.err("name the failures to retry, or --all\n");
    return 2;
  }
  return await withOperator(io, options, async (operator) => {
    let retried = options.all ? await operator.retryAll() : 0;
    const missing: string[] = [];
    for (const id of ids) {
      if (await operator.retry(id)) retried += 1;
      else missing.push(id);
    }
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
