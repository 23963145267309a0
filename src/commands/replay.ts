import { setTimeout as sleep } from "node:timers/promises";
import type { ReplayAnswer } from "../http/schemas/replays.ts";
import { readEventOptions, type EventOptions } from "./event-options.ts";
import type { Whose } from "./failures.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator, type Operator } from "./operator.ts";
import type { ReplayAsk } from "./replay-operator.ts";
import { withProgress } from "./progress.ts";
import { doneOf, foretoldText, paceText, progressText } from "./replay-text.ts";

export interface ReplayOptions extends Whose, EventOptions {
  readonly share?: number | undefined;
  readonly sample?: number | undefined;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly json: boolean;
}

const lookEveryMs = 1_000;

/** `replay ID…` maps single events again; without ids, all that the filter finds. */
export async function replay(ids: readonly string[], options: ReplayOptions, io: Io): Promise<ExitCode> {
  const filter = readEventOptions(options, Date.now());
  if (typeof filter === "string") return badUsage(filter, io);
  const isFiltered = Object.keys(filter).length > 0;
  if (ids.length > 0 && (isFiltered || options.dryRun || options.wait)) {
    return badUsage("name events by their ids, or by a filter", io);
  }
  if (ids.length === 0 && !isFiltered) {
    return badUsage("name what to replay: ids, or --from, --to, --source, --type, --state or --contact", io);
  }
  return await withOperator(io, options, async (operator) =>
    ids.length > 0
      ? await replayEvents(ids, options, operator, io)
      : await replayFound({ filter, share: options.share, sample: options.sample }, options, operator, io),
  );
}

function badUsage(message: string, io: Io): ExitCode {
  io.err(`${message}\n`);
  return 2;
}

async function replayEvents(
  ids: readonly string[],
  { json }: ReplayOptions,
  operator: Operator,
  io: Io,
): Promise<ExitCode> {
  const missing: string[] = [];
  await withProgress(io, json, async ({ show }) => {
    for (const [index, id] of ids.entries()) {
      show(index, ids.length, id);
      if (!(await operator.replayEvent(id))) missing.push(id);
    }
  });
  const replayed = ids.length - missing.length;
  if (json) printJson(io, { replayed, missing });
  else io.out(`${replayed} replayed\n`);
  for (const id of missing) {
    io.err(`${id} cannot be replayed: there is no such event, it is worked on, or its payload is gone\n`);
  }
  return missing.length === 0 ? 0 : 1;
}

async function replayFound(
  ask: ReplayAsk,
  options: ReplayOptions,
  operator: Operator,
  io: Io,
): Promise<ExitCode> {
  let { filter } = ask;
  if (options.dryRun || !options.yes) {
    const foretold = await operator.foretellReplay(ask);
    if (!foretold.ok) return badUsage(foretold.message, io);
    const { answer } = foretold;
    if (options.json && options.dryRun) printJson(io, answer);
    else if (options.json) io.err(foretoldText(answer));
    else io.out(foretoldText(answer));
    if (options.dryRun) return 0;
    if (answer.matching === 0) return 0;
    if (!io.confirm) return badUsage("say --yes to begin it, or --dry-run to only look", io);
    if (!(await io.confirm(`Replay ${answer.matching === 1 ? "it" : `these ${answer.matching}`}? [y/N] `))) {
      io.err("Nothing was replayed.\n");
      return 0;
    }
    // What was shown is what is replayed.
    filter = { ...filter, to: answer.filter.to };
  }
  const created = await operator.createReplay({ filter, share: ask.share });
  if (!created.ok) return badUsage(created.message, io);
  return await follow(created.answer, options, operator, io);
}

async function follow(
  made: ReplayAnswer,
  { wait, json }: ReplayOptions,
  operator: Operator,
  io: Io,
): Promise<ExitCode> {
  const isCarriedOut = await operator.isCarriedOut();
  if (!json) io.out(`${progressText(made)}\n`);
  if (!isCarriedOut)
    io.err("No relay delivers from this store now: the replay begins when one is started.\n");
  if (!wait || !isCarriedOut) {
    if (json) printJson(io, made);
    return wait ? 1 : 0;
  }
  return await watchReplay(made, json, operator, io);
}

/** Shows how far it is until it is over: on a terminal as one line that moves, else as a line for each change. */
export async function watchReplay(
  made: ReplayAnswer,
  json: boolean,
  operator: Pick<Operator, "replayOf">,
  io: Io,
  wait: () => Promise<void> = async () => await sleep(lookEveryMs),
): Promise<ExitCode> {
  const stopped = io.stopRequested.then(() => true);
  let now: ReplayAnswer | undefined = made;
  await withProgress(io, json, async (progress) => {
    let isAsked = false;
    let shown = progressText(made);
    while (now?.state === "running" && !isAsked) {
      progress.show(doneOf(now), now.of, paceText(now));
      isAsked = await Promise.race([wait().then(() => false), stopped]);
      now = await operator.replayOf(made.id);
      const text = now ? progressText(now) : "";
      const isLine = !io.terminal || now?.state !== "running";
      if (isLine) progress.end();
      if (!json && isLine && text !== shown && text !== "") io.out(`${text}\n`);
      shown = text;
    }
  });
  if (now?.state === "running") {
    io.err(`It goes on; \`contact-relay replays stop ${made.id}\` stops it.\n`);
  }
  if (json) printJson(io, now ?? made);
  return now?.state === "done" ? 0 : 1;
}

/** `replays`: the newest first. */
export async function listReplays(options: Whose & { json: boolean }, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const items = await operator.replays();
    if (options.json) printJson(io, { items });
    else if (items.length === 0) io.out("There are no replays.\n");
    else for (const item of items) io.out(`${progressText(item)}\n`);
    return 0;
  });
}

export interface ShowReplayOptions extends Whose {
  /** Until it is over. */
  readonly watch: boolean;
  readonly json: boolean;
}

export async function showReplay(id: string, options: ShowReplayOptions, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const found = await operator.replayOf(id);
    if (!found) return noSuchReplay(id, io);
    if (options.watch) {
      if (!options.json) io.out(`${progressText(found)}\n`);
      return await watchReplay(found, options.json, operator, io);
    }
    printJson(io, found);
    return 0;
  });
}

export async function stopReplay(id: string, options: Whose & { json: boolean }, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const found = await operator.stopReplay(id);
    if (!found) return noSuchReplay(id, io);
    if (options.json) printJson(io, found);
    else io.out(`${progressText(found)}\n`);
    return 0;
  });
}

function noSuchReplay(id: string, io: Io): ExitCode {
  io.err(`there is no replay ${id}\n`);
  return 1;
}
