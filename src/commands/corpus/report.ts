import type { CorpusResult, FileOutcome } from "./run.ts";

/** Where the details of a line begin. */
const detailsColumn = 23;
const pathsShownMax = 5;

type Counts = Readonly<Record<string, number>>;

export interface ProviderReport {
  readonly provider: string;
  readonly files: number;
  readonly events: number;
  readonly mapped: number;
  /** How many of the mapped carry each field. */
  readonly fields: Counts;
  /** How many of the mapped left a field out, because its value is not one. */
  readonly leftOut: Counts;
  readonly erase: number;
  /** Events and requests by the reason for which nothing is done. */
  readonly ignored: Counts;
  /** Requests by the message that the sender gets. */
  readonly malformed: Counts;
  readonly unsupported: Counts;
  readonly answered: number;
  readonly failed: Counts;
  readonly broken: Counts;
  /** Files that are no requests, by the reason why. */
  readonly notes: Readonly<Record<string, readonly string[]>>;
  /** Files whose payload holds an e-mail address although nothing came of it. */
  readonly overlooked: readonly string[];
}

export interface CorpusReport {
  /** Nothing crashed, threw, was answered 5xx or could not be mapped. */
  readonly sound: boolean;
  readonly providers: readonly ProviderReport[];
  readonly skipped: CorpusResult["skipped"];
}

export function corpusReport(result: CorpusResult): CorpusReport {
  const providers = result.providers.map(({ provider, files }) => reportOf(provider, files));
  const sound = providers.every(({ failed, broken }) => sum(failed) + sum(broken) === 0);
  return { sound, providers, skipped: result.skipped };
}

function reportOf(provider: string, files: readonly FileOutcome[]): ProviderReport {
  const events = files.flatMap((file) => (file.kind === "events" ? file.events : []));
  const mapped = events.filter((event) => event.kind === "mapped");
  const reasons = [...files, ...events].flatMap((one) => (one.kind === "ignored" ? [one.reason] : []));
  const messages = (kind: "malformed" | "unsupported" | "broken") =>
    counted(files.flatMap((file) => (file.kind === kind ? [file.message] : [])));
  return {
    provider,
    files: files.length,
    events: events.length,
    mapped: mapped.length,
    fields: counted(mapped.flatMap(({ fields }) => fields)),
    leftOut: counted(mapped.flatMap(({ leftOut }) => leftOut)),
    erase: events.filter(({ kind }) => kind === "erase").length,
    ignored: counted(reasons),
    malformed: messages("malformed"),
    unsupported: messages("unsupported"),
    answered: files.filter(({ kind }) => kind === "answered").length,
    failed: counted(events.flatMap((event) => (event.kind === "failed" ? [event.message] : []))),
    broken: messages("broken"),
    notes: notesOf(files),
    overlooked: files.filter((file) => isOverlooked(file)).map(({ path }) => path),
  };
}

function notesOf(files: readonly FileOutcome[]): ProviderReport["notes"] {
  const notes = new Map<string, string[]>();
  for (const { note, path } of files) {
    if (note !== undefined) notes.set(note, [...(notes.get(note) ?? []), path]);
  }
  return Object.fromEntries(notes);
}

function isOverlooked(file: FileOutcome): boolean {
  if (file.kind !== "events" || file.note !== undefined) return false;
  return (
    file.events.every((event) => event.kind === "ignored") &&
    file.events.some((event) => event.kind === "ignored" && event.reason === "no-identifier" && event.email)
  );
}

/** For a person: one block per provider, one line per kind of outcome. */
export function corpusText({ sound, providers, skipped }: CorpusReport): string {
  const blocks = providers.map((report) => {
    const lines = [
      line("mapped", report.mapped, listed(report.fields, report.mapped)),
      line("left out", sum(report.leftOut), listed(report.leftOut, 0)),
      line("erase", report.erase, ""),
      line("ignored", sum(report.ignored), listed(report.ignored, 0)),
      line("malformed", sum(report.malformed), listed(report.malformed, 0)),
      line("unsupported", sum(report.unsupported), listed(report.unsupported, 0)),
      line("answered", report.answered, "as the protocol asks, with nothing to do"),
      line("failed", sum(report.failed), listed(report.failed, 0)),
      line("BROKEN", sum(report.broken), listed(report.broken, 0)),
      ...Object.entries(report.notes).map(([note, paths]) => files("not an event", paths, note)),
      files("overlooked?", report.overlooked, "nobody found, although an e-mail address is in it"),
    ];
    return `${report.provider}: ${plural(report.files, "file")}, ${plural(report.events, "event")}\n${lines.join("")}`;
  });
  const notTried = skipped.map(({ folder, files }) => {
    const where = folder === "" ? "beside the folders" : `${folder}/`;
    return `skipped: ${where}, ${plural(files, "file")}: no provider is named so\n`;
  });
  const total = (count: (report: ProviderReport) => number) =>
    providers.reduce((before, report) => before + count(report), 0);
  const fileCount = plural(
    total((report) => report.files),
    "file",
  );
  const eventCount = plural(
    total((report) => report.events),
    "event",
  );
  const verdict = `${fileCount}, ${eventCount}: ${total((report) => report.mapped)} mapped, ${
    sound ? "nothing failed" : `${total(({ failed, broken }) => sum(failed) + sum(broken))} FAILED`
  }\n`;
  return [...blocks, notTried.join(""), verdict].filter((block) => block !== "").join("\n");
}

function line(label: string, count: number, details: string): string {
  return count === 0
    ? ""
    : `  ${label.padEnd(14)}${String(count).padStart(5)}  ${details}`.trimEnd().concat("\n");
}

/** Files that a person may want to look at. */
function files(label: string, paths: readonly string[], why: string): string {
  const shown = paths.slice(0, pathsShownMax).map((path) => `\n${" ".repeat(detailsColumn)}${path}`);
  const more =
    paths.length > pathsShownMax
      ? `\n${" ".repeat(detailsColumn)}and ${paths.length - pathsShownMax} more`
      : "";
  return line(label, paths.length, `${why}${shown.join("")}${more}`);
}

/** The most frequent first; a count that is everybody's is left away. */
function listed(counts: Counts, everybody: number): string {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return sorted.map(([text, count]) => (count === everybody ? text : `${text} (${count})`)).join(", ");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function counted(texts: readonly string[]): Counts {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Object.fromEntries(counts);
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((before, count) => before + count, 0);
}
