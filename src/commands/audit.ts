import type { AuditEntryAnswer } from "../http/schemas/audit.ts";
import type { Whose } from "./failures.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator } from "./operator.ts";

/** `audit`: who did what, newest first. */
export async function listAudit(
  options: Whose & { readonly json: boolean; readonly limit: number },
  io: Io,
): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const items = (await operator.audit(options.limit)) as AuditEntryAnswer[];
    if (options.json) printJson(io, { items });
    else if (items.length === 0) io.out("Nothing has been done yet.\n");
    else for (const item of items) io.out(`${lineOf(item)}\n`);
    return 0;
  });
}

function lineOf({ at, who, action, target, detail }: AuditEntryAnswer): string {
  const what = [action, target].filter((part) => part !== undefined).join(" ");
  return `${at}  ${who.padEnd(12)}  ${what}${detail === undefined ? "" : `: ${detail}`}`;
}
