import { readConfigWithoutApi, type Environment } from "../../config.ts";
import type { Archive } from "../../store/archive-port.ts";
import type { Store, StoreOptions } from "../../store/store.ts";
import { printJson, printProblems, type ExitCode, type Io } from "../io.ts";
import { findOutlived } from "./outlived.ts";
import { configuredPlace, isMissing, readPlace, removal, settingFor, type Place } from "./places.ts";
import { copyRecords, counted, holdsWork, verifyRecords, type Tally, type Verified } from "./records.ts";
import { openStoreAt } from "../open-store.ts";
import { startProgress } from "../progress.ts";

export interface MoveOptions {
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly fromPrefix: string | undefined;
  readonly toPrefix: string | undefined;
  readonly merge: boolean;
  readonly json: boolean;
}

type Moved =
  | { kind: "moved" | "already"; verified: Verified }
  | { kind: "incomplete"; verified: Verified }
  | { kind: "refused"; message: string }
  | { kind: "stopped" };

interface Move {
  readonly from: Place;
  readonly to: Place;
  readonly source: Archive;
  readonly target: Archive;
  readonly merge: boolean;
  /** Shows how far it is; without a phase nothing is shown any more. */
  readonly say: (phase: "copying" | "verifying" | undefined, tally: Tally) => void;
  readonly stopped: () => boolean;
}

const closeDeadlineMs = 5_000;

/** `move`: carries everything that matters from one store to another. The source is only read. */
export async function move(options: MoveOptions, io: Io): Promise<ExitCode> {
  const places = readPlaces(options, io.env);
  if (!places.ok) {
    printProblems(io, "the stores cannot be told from this:", places.problems);
    return 2;
  }
  const { from, to } = places;
  const read = readConfigWithoutApi({
    ...io.env,
    REDIS_URL: undefined,
    REDIS_URL_FILE: undefined,
    DATABASE_URL: undefined,
    DATABASE_URL_FILE: undefined,
    ROLE: undefined,
  });
  if (!read.ok) {
    printProblems(io, "the configuration has problems:", read.problems);
    return 1;
  }
  const { api, retentionMs, retentionEvents, auditMs } = read.config;
  const opened: Store[] = [];
  async function open(place: Place, role: string): Promise<Archive> {
    if (role === "source" && isMissing(place)) throw new Error(`there is no store in ${place.name}`);
    const storeOptions: StoreOptions = {
      prefix: place.prefix,
      ceiling: api.ratePerSecond,
      retentionMs,
      retentionEvents,
      auditMs,
      onError: (error, where) => io.err(`${role}: ${where}: ${error.message}\n`),
    };
    const store = await openStoreAt(place.settings, storeOptions);
    if (!store.ok) throw new Error(`the ${role} cannot be opened: ${store.message}`);
    opened.push(store.store);
    return store.store.archive;
  }

  let stop = false;
  void io.stopRequested.then(() => (stop = true));
  const say = showProgress(io, options.json);
  try {
    const source = await open(from, "source");
    const target = await open(to, "target");
    const { merge } = options;
    const moved = await run({ from, to, source, target, merge, say, stopped: () => stop });
    say(undefined, {});
    return report(moved, { from, to }, options, io);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    printProblems(io, "not moved:", [why, "nothing in the source was changed; run it again to go on"]);
    return 1;
  } finally {
    for (const store of opened.toReversed()) await store.close(closeDeadlineMs);
  }
}

type Places = { ok: true; from: Place; to: Place } | { ok: false; problems: string[] };

function readPlaces(options: MoveOptions, env: Environment): Places {
  const prefix = env["STORE_PREFIX"]?.trim() || "relay";
  const problems: string[] = [];
  const read = (option: "--from" | "--to", text: string | undefined, own: string | undefined) => {
    if (text === undefined) {
      problems.push(`${option} is required; the present configuration uses ${configuredPlace(env)}`);
      return undefined;
    }
    const result = readPlace(option, text, own ?? prefix);
    if (!result.ok) problems.push(result.problem);
    return result.ok ? result.place : undefined;
  };
  const from = read("--from", options.from, options.fromPrefix);
  const to = read("--to", options.to, options.toPrefix);
  if (from && to && from.name === to.name) problems.push("--from and --to name the same store");
  return from && to && problems.length === 0 ? { ok: true, from, to } : { ok: false, problems };
}

async function run(move: Move): Promise<Moved> {
  const { from, source, target, say, stopped } = move;
  const obstacle = await findObstacle(move);
  if (obstacle) return obstacle;
  const mark = await target.readMark();
  const begun = mark?.from === from.name && mark.finishedAt === undefined ? mark : undefined;
  const startedAt = begun?.startedAt ?? Date.now();
  const origin = {
    from: from.name,
    startedAt,
    ...(move.merge || begun?.merged ? { merged: true as const } : {}),
  };
  await target.writeMark(origin);
  // Two addresses can lead to one store: then the mark just left in the target is in the source too.
  const echo = await source.readMark();
  if (echo?.from === from.name && echo.startedAt === startedAt) {
    await target.writeMark(mark);
    return { kind: "refused", message: "--from and --to lead to the same store" };
  }
  const isWhole = await copyRecords(source, target, (tally) => say("copying", tally), stopped);
  if (!isWhole) return { kind: "stopped" };
  const verified = await verifyRecords(source, target, (tally) => say("verifying", tally), stopped);
  if (!verified) return { kind: "stopped" };
  if (verified.missing.count > 0) return { kind: "incomplete", verified };
  await target.writeMark({ ...origin, finishedAt: Date.now() });
  return { kind: "moved", verified };
}

/** Why nothing may be written, or that nothing has to be. */
async function findObstacle(move: Move): Promise<Moved | undefined> {
  const { from, to, source, target, merge, say, stopped } = move;
  for (const [role, archive] of [
    ["source", source],
    ["target", target],
  ] as const) {
    if ((await archive.runningWorkers()) === 0) continue;
    return { kind: "refused", message: `a relay is running on the ${role}: stop it first` };
  }
  if (!(await holdsWork(source))) {
    return {
      kind: "refused",
      message: `there is nothing in the source (${from.name}): is the prefix right?`,
    };
  }
  if (merge || !(await holdsWork(target))) return undefined;
  const mark = await target.readMark();
  if (mark?.from === from.name && mark.finishedAt === undefined) {
    return mark.merged ? undefined : await findServed(move);
  }
  if (mark?.from === from.name) {
    const verified = await verifyRecords(source, target, (tally) => say("verifying", tally), stopped);
    if (!verified) return { kind: "stopped" };
    if (verified.missing.count === 0) return { kind: "already", verified };
  }
  const already = mark?.from === from.name ? ", moved from this source before," : "";
  return {
    kind: "refused",
    message:
      `the target (${to.name})${already} holds work: name an empty one, or add --merge to bring the source's in: ` +
      `the newest value of each field wins and duplicates stay duplicates, but what was dropped or erased there ` +
      `since an earlier move would come back`,
  };
}

/** The source has served since a move was cut off: the target has what the source has delivered, dropped or erased. */
async function findServed({ from, to, source, target, stopped }: Move): Promise<Moved | undefined> {
  const outlived = await findOutlived(source, target, stopped);
  if (!outlived) return { kind: "stopped" };
  const { count, some } = outlived;
  if (count === 0) return undefined;
  return {
    kind: "refused",
    message:
      `the source (${from.name}) has served since the move that was cut off began: ${count} records of the target ` +
      `are not in it any more (${some.join(", ")}) and would be delivered all the same; ` +
      `empty the target and move again: ${removal(to)}`,
  };
}

function report(
  moved: Moved,
  { from, to }: { from: Place; to: Place },
  options: MoveOptions,
  io: Io,
): ExitCode {
  switch (moved.kind) {
    case "refused":
      if (options.json) printJson(io, { ok: false, reason: moved.message });
      else printProblems(io, "not moved:", [moved.message]);
      return 1;
    case "stopped":
      if (options.json) printJson(io, { ok: false, reason: "stopped" });
      else io.err("stopped on the way; run it again to go on\n");
      return 1;
    case "incomplete": {
      const { count, some } = moved.verified.missing;
      if (options.json) printJson(io, { ok: false, reason: "incomplete", ...summary(moved.verified) });
      else {
        const heading = `${count} records of the source are not in the target; stop every relay and run it again:`;
        printProblems(io, heading, some);
      }
      return 1;
    }
    case "moved":
    case "already": {
      const { verified } = moved;
      if (options.json) {
        const already = moved.kind === "already";
        const result = { ok: true, already, from: from.name, to: to.name, ...summary(verified) };
        printJson(io, { ...result, removeSource: removal(from) });
      } else io.out(summaryText(moved.kind === "already", verified, from, to));
      return 0;
    }
  }
}

function summary({ source, target, duplicates, missing }: Verified) {
  const counts = Object.entries(counted).map(([key, name]) => {
    return [key, { source: source[name] ?? 0, target: target[name] ?? 0 }] as const;
  });
  return { counts: Object.fromEntries(counts), duplicates, missing: missing.count };
}

function summaryText(already: boolean, verified: Verified, from: Place, to: Place): string {
  const rows = Object.values(counted).flatMap((name) => {
    const held = verified.target[name] ?? 0;
    return (verified.source[name] ?? 0) === 0 ? [] : [`  ${name.padEnd(22)} ${String(held).padStart(9)}\n`];
  });
  const duplicates =
    verified.duplicates === 0
      ? ""
      : `  ${verified.duplicates} waiting events were left out: the target has accepted the same ones itself.\n`;
  return (
    `${already ? "Already moved" : "Moved"} from ${from.name}\n` +
    `  to ${to.name}; all of it was found there afterwards:\n\n` +
    `${rows.join("")}${duplicates}\n` +
    `Start the relay with ${settingFor(to)}.\n` +
    `The source was left as it was; once the relay delivers, remove it:\n  ${removal(from)}\n`
  );
}

/** What was copied is what has to be verified. */
function showProgress(io: Io, json: boolean): Move["say"] {
  const progress = startProgress(io, json);
  let copied: number | undefined;
  return (phase, tally) => {
    if (phase === undefined) return progress.end();
    const done = Object.values(tally).reduce((sum, many) => sum + many, 0);
    if (phase === "copying") copied = done;
    const named = Object.entries(tally).map(([name, many]) => `${many} ${name}`);
    progress.show(done, phase === "copying" ? undefined : copied, `${phase}: ${named.join(", ")}`);
  };
}
