import { setTimeout as sleep } from "node:timers/promises";
import { readConfigWithoutApi } from "../config.ts";
import { addressOf, askStatus } from "./ask.ts";
import { printJson, printProblems, type ExitCode, type Io } from "./io.ts";
import { needsPerson, statusText } from "./status-text.ts";

export interface StatusOptions {
  /** Where the relay is; this machine, at `PORT`, by default. */
  readonly url?: string;
  /** Again and again, until it is stopped. */
  readonly watch: boolean;
  readonly json: boolean;
}

const everyMs = 2_000;

/** Asks a running relay how it is. 0: all is well; 1: it does not answer, or something needs a person. */
export async function status(options: StatusOptions, io: Io): Promise<ExitCode> {
  const read = readConfigWithoutApi(io.env);
  if (!read.ok) {
    printProblems(io, "the configuration has problems:", read.problems);
    return 1;
  }
  const { config } = read;
  const baseUrl = options.url?.replace(/\/+$/, "") ?? addressOf(config);
  const stopped = new AbortController();
  void io.stopRequested.then(() => stopped.abort());
  for (;;) {
    const asked = await askStatus(baseUrl, config.adminToken);
    if (options.watch && io.color) io.out("\u001b[H\u001b[2J");
    if (!asked.ok) printProblems(io, "the relay cannot be asked:", [asked.message]);
    else if (options.json) printJson(io, asked.status);
    else io.out(statusText(asked.status, baseUrl, io.color));
    if (!options.watch) return asked.ok && !needsPerson(asked.status) ? 0 : 1;
    await sleep(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    if (stopped.signal.aborted) return 0;
  }
}
