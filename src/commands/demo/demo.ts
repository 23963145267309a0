import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { readConfig } from "../../config.ts";
import { providers } from "../../providers/registry.ts";
import { startSandbox, type Sandbox } from "../../sandbox/sandbox.ts";
import { sourcesFromYaml } from "../../sources/load.ts";
import { createLogger } from "../../telemetry/logger.ts";
import { demoReport, type DemoResult } from "./report.ts";
import { openStream, usualRedis, type DemoStream } from "./stream.ts";
import { howTheyAppeared, writeFirstMessage } from "./strangers.ts";
import {
  demoCustomFields,
  demoSources,
  demoTraffic,
  knownContacts,
  type DemoPost,
  type DemoTraffic,
} from "./traffic.ts";
import { printJson, printProblems, type ExitCode, type Io } from "../io.ts";
import { reasonOf } from "../../store/reason.ts";
import { startRelay, type Relay } from "../relay.ts";
import { version } from "../version.ts";

const requestsPerSecond = 25;
const postsAtOnce = 8;
const drainDeadlineMs = 45_000;
const progressEveryMs = 500;

interface DemoOptions {
  readonly json: boolean;
  /** Where its bus is; absent means a stream of the usual Redis on this machine, where one answers. */
  readonly redis?: string;
}

/** First contact: the whole relay on its embedded store, real signed requests, and a sandbox API that misbehaves. */
export async function demo(options: DemoOptions, io: Io): Promise<ExitCode> {
  let stream: DemoStream | undefined;
  try {
    stream = await openStream(options.redis ?? usualRedis);
  } catch (error) {
    if (options.redis !== undefined) {
      printProblems(io, "the demo cannot start:", [reasonOf(error)]);
      return 1;
    }
  }
  try {
    return await demoWith(stream, options, io);
  } finally {
    await stream?.remove();
  }
}

async function demoWith(stream: DemoStream | undefined, options: DemoOptions, io: Io): Promise<ExitCode> {
  const dataDir = await mkdtemp(join(tmpdir(), "contact-relay-demo-"));
  const sandbox = await startSandbox({
    token: "demo-token",
    ratePerSecond: requestsPerSecond,
    customFields: demoCustomFields,
    unknownContact: "404",
    creationMs: 1_000,
  });
  for (const contact of knownContacts()) sandbox.create(contact);
  let relay: Relay | undefined;
  try {
    const secret = randomUUID();
    const started = await startDemoRelay(sandbox.url, dataDir, secret, stream?.consume);
    if (!started.ok) {
      printProblems(io, "the demo cannot start:", [started.message]);
      return 1;
    }
    relay = started.relay;
    sandbox.setWebhook({ url: `${relay.url}/webhooks/workspace`, key: secret });
    if (!options.json) io.out(opening(io, relay.url, sandbox.url, stream));
    const result = await runDemo(
      relay,
      sandbox,
      { secret, stream },
      options.json ? () => undefined : progressOn(io),
    );
    if (options.json) printJson(io, result);
    else io.out(demoReport(result, io.color));
    return result.ok ? 0 : 1;
  } finally {
    await relay?.stop(10_000);
    await sandbox.close();
    await rm(dataDir, { recursive: true, force: true });
  }
}

function opening(io: Io, relayUrl: string, sandboxUrl: string, stream: DemoStream | undefined): string {
  const bold = (text: string) => (io.color ? `\u001b[1m${text}\u001b[0m` : text);
  return [
    bold("contact-relay demo"),
    `  relay        ${relayUrl}, embedded store, sources shop, billing, newsletter, bus, workspace`,
    `  bus          ${stream ? `a stream of Redis at ${stream.place}, pulled from` : "posted to: no Redis answers here"}`,
    `  sandbox API  ${sandboxUrl}, allows ${requestsPerSecond} requests per second`,
    `  in its way   duplicates, a burst, late and re-ordered events, a 429, a 449, two 500s, a field the API refuses,`,
    `               a lead whom the API does not have, and one without a name`,
    ``,
    ``,
  ].join("\n");
}

async function startDemoRelay(apiUrl: string, dataDir: string, secret: string, consume: string | undefined) {
  const read = readConfig({
    AELYST_API_TOKEN: "demo-token",
    AELYST_API_URL: apiUrl,
    AELYST_RATE_LIMIT: String(requestsPerSecond),
    AELYST_MISSING_CONTACT: "create",
    DATA_DIR: dataDir,
    HOST: "127.0.0.1",
    PORT: "0",
    BUSY_DELAY_MS: "1500",
    RETRY_DELAY_MS: "300",
  });
  const sources = sourcesFromYaml(demoSources(consume), "demo.yaml", { DEMO_SECRET: secret }, providers);
  if (!read.ok) return { ok: false as const, message: read.problems.join("; ") };
  if (!sources.ok) return { ok: false as const, message: sources.problems.join("; ") };
  return await startRelay(read.config, sources, createLogger({ level: "silent" }), version);
}

type Progress = (line: string, last: boolean) => void;

/** On a terminal one line that changes; elsewhere a line now and then. */
function progressOn(io: Io): Progress {
  let lines = 0;
  return (line, last) => {
    lines += 1;
    if (io.color) io.out(`\r\u001b[2K  ${line}${last ? "\n" : ""}`);
    else if (last || lines % 4 === 1) io.out(`  ${line}\n`);
  };
}

async function runDemo(
  relay: Relay,
  sandbox: Sandbox,
  { secret, stream }: { readonly secret: string; readonly stream: DemoStream | undefined },
  progress: Progress,
): Promise<DemoResult> {
  const startedAt = Date.now();
  const traffic = demoTraffic(secret, startedAt, Math.random);
  switchOnFaults(sandbox);
  const answers: DemoResult["answers"] = {
    accepted: 0,
    duplicate: 0,
    pulled: 0,
    ignored: 0,
    refused: 0,
    failed: 0,
  };

  async function line(): Promise<string> {
    const { events, contacts } = await relay.store.counts();
    const sent = Object.values(answers).reduce((sum, count) => sum + count, 0);
    const waiting = events.waiting + events.active + contacts.waiting + contacts.active + contacts.delayed;
    const upstream = await relay.store.pacer.state();
    const state = upstream.reason === undefined ? "" : `  API: ${upstream.reason}`;
    const seconds = ((Date.now() - startedAt) / 1_000).toFixed(1).padStart(5);
    return `${seconds} s  events in ${sent}/${traffic.posts.length}  waiting ${waiting}  requests out ${sandbox.requests().length}${state}`;
  }
  let reporting = Promise.resolve();
  const ticker = setInterval(() => {
    reporting = reporting.then(async () => progress(await line(), false));
  }, progressEveryMs);
  const ended = new AbortController();
  const firstMessage = writeFirstMessage(sandbox, ended.signal);
  await send(relay.url, stream, traffic.posts, answers);
  const drained = await untilDrained(relay, stream);
  ended.abort();
  await firstMessage;
  clearInterval(ticker);
  await reporting;
  progress(await line(), true);
  return await summarize(relay, sandbox, traffic, answers, drained, Date.now() - startedAt);
}

function switchOnFaults(sandbox: Sandbox): void {
  sandbox.fault({ status: 500, times: 2 });
  sandbox.fault({ status: 429, retryAfter: "1", times: 1 });
  sandbox.fault({ busy: "phone:+60123456005", times: 1 });
}

/** Posts what is to be posted, and puts on the bus what is pulled from there. */
async function send(
  url: string,
  stream: DemoStream | undefined,
  posts: readonly DemoPost[],
  answers: DemoResult["answers"],
): Promise<void> {
  const queue = [...posts];
  async function sendNext(): Promise<void> {
    for (let next = queue.shift(); next; next = queue.shift()) {
      if (stream && next.message !== undefined) {
        await stream.add(next.message);
        answers.pulled += 1;
        continue;
      }
      const response = await fetch(`${url}${next.path}`, {
        method: "POST",
        headers: next.headers,
        body: next.body,
      });
      const text = await response.text();
      answers[answerKind(response.status, text)] += 1;
      await wait(20);
    }
  }
  await Promise.all(Array.from({ length: postsAtOnce }, sendNext));
}

function answerKind(status: number, text: string): keyof DemoResult["answers"] {
  if (status >= 500) return "failed";
  if (status >= 400) return "refused";
  // CloudEvents deliveries are answered with an empty 200, duplicates among them.
  const answer: unknown = text === "" ? { status: "accepted" } : JSON.parse(text);
  const word = typeof answer === "object" && answer !== null && "status" in answer ? answer.status : "";
  return word === "duplicate" || word === "ignored" ? word : "accepted";
}

async function untilDrained(relay: Relay, stream: DemoStream | undefined): Promise<boolean> {
  const end = Date.now() + drainDeadlineMs;
  while (Date.now() < end) {
    const isRead = (await stream?.isRead()) ?? true;
    const { events, contacts } = await relay.store.counts();
    const left = [events, contacts].map((queue) => queue.waiting + queue.active + queue.delayed);
    if (isRead && left.every((count) => count === 0)) return true;
    await wait(100);
  }
  return false;
}

async function summarize(
  relay: Relay,
  sandbox: Sandbox,
  traffic: DemoTraffic,
  answers: DemoResult["answers"],
  drained: boolean,
  elapsedMs: number,
): Promise<DemoResult> {
  const wrong: string[] = [];
  const contacts: DemoResult["contacts"] = [];
  for (const [ref, expected] of traffic.expected) {
    const held = sandbox.contact(ref);
    const actual = { ...held?.fields, ...held?.customFields };
    const differs = Object.entries(expected).filter(([field, value]) => actual[field] !== value);
    for (const [field, value] of differs) {
      wrong.push(
        `${ref}: ${field} is ${JSON.stringify(actual[field])}, the events say ${JSON.stringify(value)}`,
      );
    }
    contacts.push({ contact: ref, requests: held?.updates ?? 0, fields: actual });
  }
  const requests = sandbox.requests();
  const statuses: Record<string, number> = {};
  for (const { method, status } of requests) {
    const key = method === "PUT" ? String(status) : `${method} ${status}`;
    statuses[key] = (statuses[key] ?? 0) + 1;
  }
  const { events } = await relay.store.counts();
  const { items } = await relay.store.failures.list(50);
  const parked = items.map((item) => ({
    contact: item.contact ?? item.source ?? "",
    fields: item.fields ?? [],
    message: item.message ?? item.reason,
  }));
  const onlyTheRefused = parked.length === 1 && parked[0]?.contact === traffic.refusedContact;
  if (!drained) wrong.push(`not everything was delivered within ${drainDeadlineMs / 1_000} s`);
  if (!onlyTheRefused) wrong.push(`${parked.length} items are parked instead of the one refused field`);
  if (answers.failed > 0) wrong.push(`${answers.failed} events were answered with an error of the relay's`);
  if (sandbox.requests().some((request) => request.inFlight > 1))
    wrong.push("two requests for one contact at once");
  return {
    ok: wrong.length === 0,
    elapsedMs,
    sent: traffic.posts.length,
    answers,
    storedEvents: events.completed + events.failed,
    requests: requests.length,
    statuses,
    contacts,
    appeared: howTheyAppeared(sandbox),
    parked,
    wrong,
  };
}
