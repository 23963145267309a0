import { ulid } from "ulid";
import { readConfigWithoutApi } from "../config.ts";
import type { Notice } from "../notices/shapes.ts";
import { createConnections } from "../outbound/connections.ts";
import { printJson, printProblems, type ExitCode, type Io } from "./io.ts";
import { postOf, targetsOf } from "./notices.ts";

/** Posts a notice that says it is a test to every address of `NOTIFY_URL`, once. */
export async function notifyTest(options: { readonly json: boolean }, io: Io): Promise<ExitCode> {
  const read = readConfigWithoutApi(io.env);
  if (!read.ok) {
    printProblems(io, "contact-relay cannot post a test notice:", read.problems);
    return 1;
  }
  const { config } = read;
  const targets = targetsOf(config);
  if (targets.length === 0) {
    printProblems(io, "contact-relay cannot post a test notice:", ["NOTIFY_URL is not set"]);
    return 1;
  }
  const connections = createConnections(config.proxies);
  const post = postOf(config, connections, Date.now);
  const notice: Notice = {
    id: `ntc_${ulid()}`,
    kind: "test",
    state: "open",
    text: "This is a test: notices arrive here, and nothing has to be done.",
    since: new Date().toISOString(),
    runbook: "docs/operations.md#notifications",
  };
  try {
    const results = await Promise.all(
      targets.map(async (target) => {
        const posted = await post(target, notice, new AbortController().signal);
        const answer = posted.ok ? `HTTP ${posted.status}` : posted.reason;
        return { host: target.url.host, format: target.format, ok: posted.ok, answer };
      }),
    );
    const ok = results.every((result) => result.ok);
    if (options.json) printJson(io, { ok, results });
    else {
      for (const result of results) {
        const { host, format, answer } = result;
        io.out(`${result.ok ? "ok     " : "PROBLEM"}  ${host} (${format}): ${answer}\n`);
      }
    }
    return ok ? 0 : 1;
  } finally {
    await connections.destroy();
  }
}
