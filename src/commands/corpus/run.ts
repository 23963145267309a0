import { randomBytes } from "node:crypto";
import { patchEntries } from "../../contact/contact-patch.ts";
import type { RelayEvent } from "../../contact/event.ts";
import type { Provider } from "../../providers/provider.ts";
import { providerSource } from "../../sources/builtin.ts";
import type { Source } from "../../sources/source.ts";
import { plainReason, requestsOf, type CorpusFile, type CorpusRequest } from "./files.ts";
import { createDryRelay, type DryRelay } from "../dry-relay.ts";
import { addressOf } from "../signing.ts";

/** What became of one event of a file. */
export type EventOutcome = { readonly type: string } & (
  | { kind: "mapped"; fields: readonly string[]; leftOut: readonly string[] }
  /** `email`: the payload holds what looks like somebody's address. */
  | { kind: "ignored"; reason: string; email: boolean }
  | { kind: "erase" }
  | { kind: "failed"; message: string }
);

/** What became of one request. */
export type RequestOutcome =
  | { kind: "events"; events: readonly EventOutcome[] }
  | { kind: "ignored"; reason: string }
  | { kind: "answered"; status: number }
  | { kind: "malformed"; message: string }
  | { kind: "unsupported"; message: string }
  /** What may never happen: a throw, a 5xx, a proof of its own that the provider does not take. */
  | { kind: "broken"; message: string };

/** `note` says why the file is no request, where that is plain. */
export type FileOutcome = RequestOutcome & { readonly path: string; readonly note?: string };

export interface CorpusResult {
  readonly providers: readonly { readonly provider: string; readonly files: readonly FileOutcome[] }[];
  /** Folders that name no provider, with the number of their payloads. */
  readonly skipped: readonly { readonly folder: string; readonly files: number }[];
}

const publicUrl = "https://relay.example.com";
const bodyLimitBytes = 1_048_576;

/** Each payload by the provider that its first folder names, with that provider's own mapping alone. */
export async function runCorpus(
  files: readonly CorpusFile[],
  providers: readonly Provider[],
  clock: () => number,
  progress: (done: number, of: number, file: string) => void = () => undefined,
): Promise<CorpusResult> {
  const credential = `whsec_${randomBytes(24).toString("base64")}`;
  const outcomes: { provider: string; files: FileOutcome[] }[] = [];
  const skipped: { folder: string; files: number }[] = [];
  let done = 0;
  for (const folder of new Set(files.map((file) => file.folder))) {
    const own = files.filter((file) => file.folder === folder);
    const provider = providers.find(({ name }) => name === folder);
    if (!provider) {
      done += own.length;
      skipped.push({ folder, files: own.length });
      continue;
    }
    const source = providerSource(provider, credential, { publicUrl, verifyToken: credential });
    const way = { source, credential, clock, relay: createDryRelay([source], clock, bodyLimitBytes) };
    const found: FileOutcome[] = [];
    for (const file of own) {
      progress(done, files.length, file.path);
      found.push(await outcomeOf(file, way));
      done += 1;
    }
    outcomes.push({ provider: folder, files: found });
  }
  return { providers: outcomes, skipped };
}

interface Way {
  readonly source: Source;
  readonly relay: DryRelay;
  readonly credential: string;
  readonly clock: () => number;
}

/** The first of its possible requests that is read; where none is, what was said to the last. */
async function outcomeOf(file: CorpusFile, way: Way): Promise<FileOutcome> {
  let outcome: RequestOutcome = { kind: "unsupported", message: "The file stands for no request." };
  for (const request of requestsOf(file, way.source.provider)) {
    outcome = await outcomeOfRequest(request, way).catch((error: unknown) => broken(error));
    if (outcome.kind !== "malformed" && outcome.kind !== "unsupported") break;
  }
  const refused = outcome.kind === "malformed" || outcome.kind === "unsupported";
  const note = refused || isIdle(outcome) ? plainReason(file, refused) : undefined;
  return { path: file.path, ...outcome, ...(note === undefined ? {} : { note }) };
}

/** Read, but nothing came of it. */
function isIdle(outcome: RequestOutcome): boolean {
  return outcome.kind === "events" && outcome.events.every(({ kind }) => kind === "ignored");
}

function broken(error: unknown): RequestOutcome {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { kind: "broken", message: message.split("\n").slice(0, 4).join(" ") };
}

async function outcomeOfRequest(request: CorpusRequest, way: Way): Promise<RequestOutcome> {
  const { source, relay } = way;
  const address = `${publicUrl}/webhooks/${source.name}`;
  const isPost = request.method === "POST";
  const { headers, query, body } = isPost
    ? source.provider.sign(request, way.credential, way.clock(), address)
    : { ...request, query: {} };
  const response = await relay.fetch(
    new Request(addressOf(address, { query }), {
      method: request.method,
      headers: { ...headers },
      ...(isPost ? { body: new Uint8Array(body) } : {}),
    }),
  );
  const text = await response.text();
  const accepted = relay.takeAccepted();
  const errors = relay.takeErrors();
  if (errors.length > 0)
    return { kind: "broken", message: `${response.status}, with in the log: ${errors.join(" ")}` };
  if (accepted.length === 0) return answerOf(response.status, text, isPost);
  const events: EventOutcome[] = [];
  for (const event of accepted) events.push(await mapped(event, source));
  return { kind: "events", events };
}

/** Every answer of the webhooks that stored nothing. */
function answerOf(status: number, text: string, isPost: boolean): RequestOutcome {
  const { reason, error } = readAnswer(text);
  if (status === 200 && reason !== undefined) return { kind: "ignored", reason };
  if (status === 400 && error !== undefined) return { kind: "malformed", message: error };
  if (status === 415 && error !== undefined) return { kind: "unsupported", message: error };
  if (status === 413 && error !== undefined) return { kind: "malformed", message: error };
  // An empty answer of a provider whose every success is empty, or what its protocol asks for.
  if (status === 200 || (!isPost && status < 500)) return { kind: "answered", status };
  return { kind: "broken", message: `answered ${status} ${text.slice(0, 200)}` };
}

function readAnswer(text: string): { reason?: string; error?: string } {
  try {
    const answer = JSON.parse(text) as { reason?: string; error?: { message?: string } };
    const { reason } = answer;
    const error = answer.error?.message;
    return { ...(reason === undefined ? {} : { reason }), ...(error === undefined ? {} : { error }) };
  } catch {
    return {};
  }
}

const looksLikeEmail = /"[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{2,64}"/;

async function mapped(event: RelayEvent, source: Source): Promise<EventOutcome> {
  const { type } = event;
  const outcome = await source.map(event);
  switch (outcome.kind) {
    case "update": {
      const fields = patchEntries(outcome.patch).map(([field]) => field);
      return { type, kind: "mapped", fields, leftOut: outcome.warnings.map(({ field }) => field) };
    }
    case "ignored":
      return { type, kind: "ignored", reason: outcome.reason, email: looksLikeEmail.test(event.payload) };
    case "erase":
      return { type, kind: "erase" };
    case "unreadable":
      return { type, kind: "failed", message: `unreadable-identifier: ${outcome.message}` };
    case "failed":
      return { type, kind: "failed", message: outcome.message };
  }
}
