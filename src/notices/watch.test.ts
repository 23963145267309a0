import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Webhook } from "standardwebhooks";
import { answersOk, startReceiver } from "../../test/helpers/notice-receiver.ts";
import { createConnections } from "../outbound/connections.ts";
import type { Notices } from "../store/notices.ts";
import type { StoreHealth } from "../store/store.ts";
import type { Sighting } from "./kinds.ts";
import { createPost, targetOf } from "./post.ts";
import type { NoticeFormat } from "./shapes.ts";
import { startWatch, type Watch } from "./watch.ts";

/** One store, as the processes of a relay share it. */
function memoryNotices(clock: () => number): Notices {
  let text: string | undefined;
  let lease = { holder: "", until: 0 };
  const mine = (holder: string) => lease.holder === holder && lease.until > clock();
  return {
    read: () => Promise.resolve(text),
    claim(holder, leaseMs) {
      if (!mine(holder) && lease.until > clock()) return Promise.resolve(undefined);
      lease = { holder, until: clock() + leaseMs };
      return Promise.resolve({ text });
    },
    save(holder, written, leaseMs) {
      if (!mine(holder)) return Promise.resolve(false);
      lease = { holder, until: clock() + leaseMs };
      text = written;
      return Promise.resolve(true);
    },
    release(holder) {
      if (mine(holder)) lease = { holder: "", until: 0 };
      return Promise.resolve();
    },
  };
}

const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
const refused: Sighting = { kind: "token-refused", level: 1 };

let receiver: Awaited<ReturnType<typeof startReceiver>>;
const connections = createConnections({ http: undefined, https: undefined, none: "" });
/** What every process of the relay has before it. */
const world = { now: 0, seen: [] as Sighting[], health: { ok: true } as StoreHealth };
let notices: Notices;
let processes: Process[] = [];
let ids = 0;

interface Process {
  readonly watch: Watch;
  readonly said: string[];
  /** Lets it look once more, and waits until it has. */
  look(): Promise<void>;
}

function startProcess(options: { timeoutMs?: number; format?: NoticeFormat; urls?: string[] } = {}): Process {
  const { timeoutMs = 5_000, format = "json", urls = [receiver.url] } = options;
  const said: string[] = [];
  let next: (() => void) | undefined;
  let looked: (() => void) | undefined;
  const firstLook = new Promise<void>((resolve) => (looked = resolve));
  const clock = () => world.now;
  const watch = startWatch({
    notices,
    health: () => Promise.resolve(world.health),
    targets: urls.map((url) => targetOf(url, format)),
    post: createPost({ connections, secret, timeoutMs, clock: Date.now }),
    lookHere: () => [],
    lookAtStore: () => Promise.resolve(world.seen),
    sources: { names: () => [], newest: () => Promise.resolve(new Map()) },
    holder: `process-${processes.length}`,
    newId: () => `ntc_${(ids += 1)}`,
    clock,
    random: () => 0,
    wait: (_, signal) =>
      new Promise((resolve) => {
        looked?.();
        if (next === undefined) signal.addEventListener("abort", () => next?.(), { once: true });
        next = resolve;
      }),
    observer: {
      sent: (_, { state, kind }) => said.push(`sent ${state} ${kind}`),
      failed: (_, { kind }, { reason, retryMs }) => said.push(`failed ${kind} ${reason} ${retryMs}`),
      gaveUp: (_, { kind }) => said.push(`gave up ${kind}`),
      onError: (error) => said.push(`error ${String(error)}`),
    },
  });
  const process: Process = {
    watch,
    said,
    async look() {
      await firstLook;
      const done = new Promise<void>((resolve) => (looked = resolve));
      next?.();
      await done;
    },
  };
  processes.push(process);
  return process;
}

/** All of them look every 15 s for so long. */
async function pass(forMs: number): Promise<void> {
  for (const end = world.now + forMs; world.now < end;) {
    world.now += 15_000;
    for (const process of processes) await process.look();
  }
}

const bodies = () => receiver.bodies();

beforeEach(async () => {
  receiver = await startReceiver();
  Object.assign(world, { now: Date.UTC(2026, 0, 5), seen: [], health: { ok: true } });
  notices = memoryNotices(() => world.now);
  processes = [];
  ids = 0;
});

afterEach(async () => {
  await Promise.all(processes.map(({ watch }) => watch.close()));
  await receiver.close();
});

describe("what is posted", () => {
  it("is JSON that Standard Webhooks proves, once when it begins and once when it is over", async () => {
    startProcess();
    world.seen = [{ ...refused, subject: "kl" }];
    await pass(600_000);
    world.seen = [];
    await pass(600_000);
    expect(bodies()).toMatchObject([
      { kind: "token-refused", state: "open", subject: "kl", id: "ntc_1" },
      { kind: "token-refused", state: "over", subject: "kl", id: "ntc_1" },
    ]);
    expect(bodies()[0]?.["text"]).toContain("set a token that is accepted");
    expect(bodies()[0]?.["runbook"]).toBe("docs/operations.md#the-api-answers-401-or-403");
    for (const { headers, text } of receiver.state.got) {
      expect(() => new Webhook(secret).verify(text, headers)).not.toThrow();
    }
    expect(receiver.state.got.map(({ headers }) => headers["webhook-id"])).toEqual([
      "ntc_1_open",
      "ntc_1_over",
    ]);
  });

  it.each([
    ["slack", "text", undefined],
    ["discord", "content", "allowed_mentions"],
    ["teams", "type", "attachments"],
  ] as const)("has the shape of %s, unsigned, with its text and runbook", async (format, first, second) => {
    startProcess({ format });
    world.seen = [{ kind: "source-silent", subject: "a<b>&c", level: 5 }];
    await pass(600_000);
    const [got] = receiver.state.got;
    expect(got?.headers).not.toHaveProperty("webhook-signature");
    const body = JSON.parse(got?.text ?? "") as Record<string, unknown>;
    expect(Object.keys(body)).toEqual(second === undefined ? [first] : [first, second]);
    expect(got?.text).toContain("docs/operations.md#a-source-has-gone-quiet");
    expect(got?.text).toContain(format === "slack" ? "a&lt;b&gt;&amp;c" : "a<b>&c");
  });

  it.each([
    ["https://hooks.slack.com/services/T/B/x", "slack"],
    ["https://discord.com/api/webhooks/1/x", "discord"],
    ["https://prod-01.westeurope.logic.azure.com/workflows/x", "teams"],
    ["https://default1.environment.api.powerplatform.com:443/powerautomate/x", "teams"],
    ["https://acme.webhook.office.com/webhookb2/x", "teams"],
    ["https://hooks.slack.com.example.com/x", "json"],
    ["https://notdiscord.com/x", "json"],
  ])("%s is spoken to in the shape %s", (url, format) => {
    expect(targetOf(url, "auto").format).toBe(format);
  });
});

describe("a receiver", () => {
  it("that answers 500 is asked again less and less often, and gets it in the end, once", async () => {
    const { said } = startProcess();
    receiver.state.answer = (_, response) => response.writeHead(500).end();
    world.seen = [refused];
    await pass(4 * 3_600_000);
    expect(receiver.state.got.length).toBeGreaterThan(8);
    expect(receiver.state.got.length).toBeLessThan(40);
    expect(new Set(receiver.state.got.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
    receiver.state.answer = answersOk;
    receiver.state.got = [];
    await pass(4 * 3_600_000);
    expect(bodies()).toMatchObject([{ kind: "token-refused", state: "open" }]);
    expect(said.at(-1)).toBe("sent open token-refused");
  });

  it.each(["1800", new Date(Date.now() + 1_800_000).toUTCString()])(
    "that answers 429 with Retry-After %s is left alone for so long",
    async (after) => {
      startProcess();
      receiver.state.answer = (_, response) => response.writeHead(429, { "retry-after": after }).end();
      world.seen = [refused];
      await pass(1_740_000);
      expect(receiver.state.got).toHaveLength(1);
      receiver.state.answer = answersOk;
      await pass(180_000);
      expect(receiver.state.got).toHaveLength(2);
    },
  );

  it("that never answers costs its time and holds nothing else up", async () => {
    const other = await startReceiver();
    const { said } = startProcess({ timeoutMs: 100, urls: [receiver.url, other.url] });
    receiver.state.answer = () => undefined;
    world.seen = [refused];
    await pass(60_000);
    expect(said).toContain("failed token-refused no answer within 100 ms 10000");
    expect(other.state.got).toHaveLength(1);
    await other.close();
  });

  it("that redirects is not followed", async () => {
    const other = await startReceiver();
    const { said } = startProcess();
    receiver.state.answer = (_, response) => response.writeHead(307, { location: other.url }).end();
    world.seen = [refused];
    await pass(60_000);
    expect(said[0]).toContain("HTTP 307");
    expect(other.state.got).toEqual([]);
    await other.close();
  });

  it("that is down for more than a day is told neither that it began nor that it is over", async () => {
    const { said } = startProcess({ urls: ["http://127.0.0.1:9/"] });
    world.seen = [refused];
    await pass(25 * 3_600_000);
    expect(said.filter((line) => line === "gave up token-refused")).toHaveLength(1);
    const before = said.length;
    world.seen = [];
    await pass(3_600_000);
    expect(said.length).toBe(before);
    expect(said.join("\n")).not.toContain("error");
  });
});

describe("several processes", () => {
  it("tell once between them, and the next goes on where one has died", async () => {
    const first = startProcess();
    startProcess();
    startProcess();
    world.seen = [refused];
    await pass(300_000);
    expect(bodies()).toHaveLength(1);
    await first.watch.close();
    processes = processes.filter((process) => process !== first);
    await pass(300_000);
    world.seen = [];
    await pass(300_000);
    expect(bodies().map(({ state }) => state)).toEqual(["open", "over"]);
  });

  it("tell once that their store is away, and once that it is back", async () => {
    startProcess();
    startProcess();
    await pass(60_000);
    world.health = { ok: false, message: "ECONNREFUSED" };
    await pass(600_000);
    world.health = { ok: true };
    await pass(600_000);
    expect(bodies().map(({ kind, state }) => `${kind} ${state}`)).toEqual([
      "store-away open",
      "store-away over",
    ]);
  });

  it("one that starts without a store tells of it", async () => {
    world.health = { ok: false, message: "ECONNREFUSED" };
    startProcess();
    await pass(300_000);
    expect(bodies()).toMatchObject([{ kind: "store-away", state: "open" }]);
  });
});

it("what is open can be asked for, in the words that are posted", async () => {
  const { watch } = startProcess();
  expect(await watch.open()).toEqual([]);
  world.seen = [refused];
  await pass(120_000);
  expect(await watch.open()).toEqual([bodies()[0]]);
});
