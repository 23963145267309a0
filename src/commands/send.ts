import { randomBytes } from "node:crypto";
import type { Provider, Sample } from "../providers/provider.ts";
import { renewedSample } from "../providers/sample.ts";
import { printJson, printProblems, type ExitCode, type Io } from "./io.ts";
import { readHeaders, readPayload } from "./payload.ts";
import { addressOf, signedByFirst } from "./signing.ts";
import { loadSources } from "./sources.ts";

export interface SendCommand {
  readonly source: string;
  /** Where the relay is; the default is this machine, at `PORT`. */
  readonly url?: string | undefined;
  /** A sample's name; the first one by default. */
  readonly sample?: string | undefined;
  readonly list: boolean;
  /** `Name: value` each. */
  readonly headers: readonly string[];
  readonly type?: string | undefined;
  /** A payload of one's own in place of a sample. */
  readonly file: string | undefined;
  readonly json: boolean;
}

const timeoutMs = 15_000;

/** Posts a sample event of the source's provider, signed as the provider signs, to a running relay. */
export async function send(options: SendCommand, io: Io): Promise<ExitCode> {
  const heading = `cannot send to source "${options.source}":`;
  const loaded = await loadSources(io.env["SOURCES_FILE"], io.env);
  if (!loaded.ok) {
    printProblems(io, heading, loaded.problems);
    return 1;
  }
  const source = loaded.sources.find(({ name }) => name === options.source);
  if (!source) {
    const names = loaded.sources.map(({ name }) => name).join(", ");
    printProblems(io, heading, [`no such source; there are: ${names === "" ? "none" : names}`]);
    return 1;
  }
  const { provider, credentials } = source;
  if (options.list) {
    if (options.json)
      printJson(
        io,
        provider.samples.map(({ name, type }) => ({ name, type })),
      );
    else io.out(provider.samples.map(({ name, type }) => `${name}  (${type})\n`).join(""));
    return 0;
  }
  const event = await eventToSend(provider, options);
  if (!event.ok) {
    printProblems(io, heading, [event.message]);
    return 2;
  }
  const proofs = [...credentials.secrets, ...credentials.keys].filter((known) => known !== "");
  const base = (options.url ?? `http://127.0.0.1:${io.env["PORT"] ?? "3000"}`).replace(/\/+$/, "");
  const path = `/webhooks/${source.name}`;
  const address = `${credentials.publicUrl ?? base}${path}`;
  const signing = signedByFirst(proofs, (proof) => provider.sign(event, proof, Date.now(), address));
  if (!signing.ok) {
    printProblems(io, heading, [signing.message]);
    return 1;
  }
  const { signed } = signing;
  try {
    const response = await fetch(addressOf(`${base}${path}`, signed), {
      method: "POST",
      headers: signed.headers,
      body: new Uint8Array(signed.body),
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    report(io, options, response.status, await response.text());
    return response.status === 200 ? 0 : 1;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const why = cause instanceof Error ? cause.message || cause.name : String(cause);
    printProblems(io, heading, [`nothing answers at ${base}: ${why}`]);
    return 1;
  }
}

type EventToSend =
  { ok: true; headers: Readonly<Record<string, string>>; body: Buffer } | { ok: false; message: string };

async function eventToSend(provider: Provider, options: SendCommand): Promise<EventToSend> {
  const headers = readHeaders(options.headers);
  if (!headers.ok) return headers;
  const named = options.type === undefined ? {} : (provider.typeHeaders?.(options.type) ?? {});
  if (options.file !== undefined) {
    const payload = await readPayload(options.file);
    if (!payload.ok) return payload;
    const own = { "content-type": "application/json", ...named, ...headers.value };
    return { ok: true, headers: own, body: payload.value };
  }
  const sample: Sample | undefined =
    options.sample === undefined
      ? provider.samples[0]
      : provider.samples.find(({ name }) => name === options.sample);
  if (!sample) {
    const names = provider.samples.map(({ name }) => name).join(", ");
    return { ok: false, message: `${provider.name} has no sample "${options.sample}"; there are: ${names}` };
  }
  const fresh = renewedSample(sample, randomBytes(4).toString("hex"), Date.now());
  const all = { ...fresh.headers, ...named, ...headers.value };
  return { ok: true, headers: all, body: Buffer.from(fresh.body) };
}

function report(io: Io, options: SendCommand, status: number, text: string): void {
  let answer: unknown = text;
  try {
    answer = JSON.parse(text);
  } catch {
    // An empty answer, or one for browsers: shown as it is.
  }
  if (options.json) printJson(io, { status, answer });
  else io.out(`${status} ${text}\n`);
}
