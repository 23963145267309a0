import { Writable } from "node:stream";
import { beforeEach, describe, expect, it } from "vitest";
import { documented } from "../../test/helpers/documented.ts";
import type { RelayEvent } from "../contact/event.ts";
import { createIntake } from "../intake/receive.ts";
import type { Kept, Spool } from "../intake/spool.ts";
import type { Provider } from "../providers/provider.ts";
import type { Source } from "../sources/source.ts";
import type { Acceptance } from "../store/event-log.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { webhooks } from "./webhooks.ts";

const now = Date.UTC(2026, 0, 5);

/** Verified by the header `x-proof: yes`; the body is a JSON array of `{id?, type}`, an `ignored` or an error word. */
const fakeProvider: Provider = {
  name: "fake",
  proof: "secrets",
  signs: "body",
  mapping: "contact",
  answers: "json",
  repeats: true,
  verify: (request) =>
    request.headers["x-proof"] === "yes" ? { ok: true } : { ok: false, reason: "no proof given" },
  parse(request) {
    const text = request.body.toString();
    if (text === "ping") return { kind: "ignored", reason: "ping" };
    if (text === "xml") return { kind: "unsupported", message: "Fakes send JSON." };
    if (!text.startsWith("[")) return { kind: "malformed", message: "Not an array." };
    const list = JSON.parse(text) as { id?: string; type: string; mandatory?: boolean }[];
    return {
      kind: "events",
      events: list.map((item) => ({
        id: item.id,
        type: item.type,
        occurredAt: undefined,
        attributes: { from: "nul\0 and \ud800" },
        payload: JSON.stringify(item),
        mandatory: item.mandatory === true,
      })),
    };
  },
  map: () => ({ kind: "nothing", reason: "fake", root: null }),
  sign: (request) => ({ ...request, query: {} }),
  samples: [],
};

function source(overrides: Partial<Source> = {}, provider: Partial<Provider> = {}): Source {
  return {
    name: "fake",
    provider: { ...fakeProvider, ...provider },
    destination: "default",
    credentials: { secrets: ["top-secret-value"], keys: [] },
    completion: undefined,
    consume: undefined,
    examples: [],
    selects: (type) => type !== "unwanted",
    priority: "normal",
    identify: ["phone", "email"],
    redirect: undefined,
    cors: [],
    honeypot: undefined,
    map: async () => ({
      kind: "ignored",
      reason: "fake",
      warnings: [],
      report: { fields: [], unusedAnswers: [] },
    }),
    ...overrides,
  };
}

let stored: RelayEvent[] = [];
let logged = "";
let kept: RelayEvent[] = [];
let keep: () => Kept | undefined;
let metrics = createMetrics();
let accept: (events: readonly RelayEvent[]) => Promise<readonly Acceptance[]>;

beforeEach(() => {
  stored = [];
  logged = "";
  kept = [];
  keep = () => undefined;
  metrics = createMetrics();
  accept = async (events) =>
    events.map((event) => {
      const first = stored.find((other) => other.identity === event.identity);
      if (!first) stored.push(event);
      return { id: first?.id ?? event.id, duplicate: first !== undefined };
    });
});

/** Keeps everything, unless a test says otherwise. */
const spool: Pick<Spool, "find" | "keep"> = {
  find: async (events) => events.map(({ identity }) => kept.find((other) => other.identity === identity)?.id),
  async keep(events) {
    const answer = keep() ?? {
      ok: true,
      acceptances: events.map(({ id }) => ({ id, duplicate: false })),
    };
    if (answer.ok) kept.push(...events);
    return answer;
  },
};

function app(configured: Source = source()) {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  return webhooks({
    sources: new Map([[configured.name, configured]]),
    intake: createIntake({ accept: (events) => accept(events) }, () => now, spool),
    bodyLimitBytes: 1_000,
    clock: () => now,
    log: createLogger({ level: "debug", stream }),
    metrics,
  });
}

async function ask(asked: ReturnType<typeof app>, path: string, init: RequestInit): Promise<Response> {
  return await documented(init.method ?? "GET", path, await asked.request(path, init));
}

function post(body: string, headers: Record<string, string> = {}, configured?: Source) {
  return ask(app(configured), "/webhooks/fake", {
    method: "POST",
    body,
    headers: { "x-proof": "yes", ...headers },
  });
}

describe("what is refused", () => {
  it("an unsigned request gets 401 that says nothing of what was expected", async () => {
    const response = await post("[]", { "x-proof": "no" });
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(JSON.parse(text)).toMatchObject({ error: { code: "unverified" } });
    expect(text).not.toContain("no proof given");
    expect(text).not.toContain("top-secret-value");
    expect(logged).toContain("no proof given");
    expect(stored).toEqual([]);
  });

  it.each([
    ["{", 400, "malformed"],
    ["xml", 415, "unsupported-media-type"],
    ["x".repeat(1_001), 413, "too-large"],
  ])("%#: a body that cannot be taken gets its own answer", async (body, status, code) => {
    const response = await post(body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });

  it.each(["gzip", "GZIP", "identity, br", "gzip, deflate", "zstd", "rot13", "gzip,"])(
    "a body with Content-Encoding %s is 415 before it is read, and says what is taken",
    async (encoding) => {
      const response = await post("x".repeat(1_001), { "content-encoding": encoding });
      expect(response.status).toBe(415);
      expect(response.headers.get("accept-encoding")).toBe("identity");
      expect(await response.json()).toEqual({
        error: {
          code: "unsupported-media-type",
          message: "The body is compressed. Send it as it is, without Content-Encoding.",
        },
      });
      expect(logged.trim().split("\n")).toHaveLength(1);
      expect(logged).toContain("the body is encoded: ");
      expect(logged).not.toContain("rot13");
      expect((await metrics.render()).body).toContain(
        'relay_events_total{source="fake",outcome="unsupported"} 1',
      );
      expect(stored).toEqual([]);
    },
  );

  it.each(["", " ", "identity", "Identity , identity", "utf-8"])(
    "a body with Content-Encoding %j is what it is, and taken",
    async (encoding) => {
      expect((await post('[{"type":"a"}]', { "content-encoding": encoding })).status).toBe(200);
      expect(stored).toHaveLength(1);
    },
  );

  it("a source that is not configured is 404, another method 405 with Allow", async () => {
    expect((await ask(app(), "/webhooks/other", { method: "POST" })).status).toBe(404);
    const response = await ask(app(), "/webhooks/fake", {});
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
  });

  it("a store that fails is 503 with Retry-After, and the cause stays in the log", async () => {
    accept = () => Promise.reject(new Error("disk on fire"));
    const response = await post('[{"type":"a"}]');
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(await response.text()).not.toContain("fire");
    expect(logged).toContain("disk on fire");
  });
});

describe("a store that is away", () => {
  const once = () => source({}, { repeats: false });
  const twoEvents = '[{"id":"1","type":"a"},{"id":"2","type":"b"},{"id":"3","type":"unwanted"}]';
  beforeEach(() => {
    accept = () => Promise.reject(new Error("store on fire"));
  });

  it("is 503 for a sender that repeats, and nothing is spooled", async () => {
    expect((await post(twoEvents)).status).toBe(503);
    expect(kept).toEqual([]);
  });

  it("is 200 for a sender that does not: its events are spooled as they arrived, and counted", async () => {
    const response = await post(twoEvents, {}, once());
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      status: "accepted",
      events: [
        { status: "accepted", id: kept[0]?.id },
        { status: "accepted", id: kept[1]?.id },
        { status: "ignored", reason: "event-not-selected" },
      ],
    });
    expect(kept).toMatchObject([
      { type: "a", receivedAt: now },
      { type: "b", receivedAt: now },
    ]);
    const { body } = await metrics.render();
    expect(body).toContain('relay_spooled_total{source="fake"} 2');
    expect(body).toContain('relay_store_errors_total{where="accept"} 1');
  });

  it("that does not answer in time is as good as away", { timeout: 20_000 }, async () => {
    accept = () => new Promise(() => undefined);
    expect((await post('[{"type":"a"}]', {}, once())).status).toBe(200);
    expect(kept).toHaveLength(1);
  });

  it.each<[Kept, string]>([
    [{ ok: false, reason: "full" }, '"spool":"full"'],
    [{ ok: false, reason: "off" }, '"spool":"off"'],
    [{ ok: false, reason: "unusable", cause: new Error("ENOSPC: no space left") }, "ENOSPC: no space left"],
  ])("with a spool that cannot help either is 503, with a line that says so: %#", async (answer, line) => {
    keep = () => answer;
    const response = await post('[{"type":"a"}]', {}, once());
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("5");
    expect(logged).toContain("neither the store nor the spool took it");
    expect(logged).toContain("store on fire");
    expect(logged).toContain(line);
  });

  it("and back again: what is still in the spool is a duplicate with its first id, the rest goes to the store", async () => {
    await post('[{"id":"1","type":"a"}]', {}, once());
    const first = kept[0]?.id;
    accept = async (events) => {
      stored.push(...events);
      return events.map(({ id }) => ({ id, duplicate: false }));
    };
    const mixed = '[{"id":"2","type":"a"},{"id":"1","type":"a"},{"id":"4","type":"a"}]';
    expect(await (await post(mixed, {}, once())).json()).toEqual({
      status: "accepted",
      events: [
        { status: "accepted", id: stored[0]?.id },
        { status: "duplicate", id: first },
        { status: "accepted", id: stored[1]?.id },
      ],
    });
    expect(await (await post('[{"id":"1","type":"a"}]', {}, once())).json()).toEqual({
      status: "duplicate",
      id: first,
    });
    expect(stored).toHaveLength(2);
  });
});

describe("what is taken", () => {
  it("one event: stored, then 200 with its id; the same again is a duplicate with the first one's id", async () => {
    const first = await post('[{"id":"x","type":"a"}]');
    expect(first.status).toBe(200);
    const answer = (await first.json()) as { status: string; id: string };
    expect(answer.status).toBe("accepted");
    expect(answer.id).toMatch(/^evt_[0-9A-Z]{26}$/);
    const again = await post('[{"id":"x","type":"changed","more":1}]');
    expect(await again.json()).toEqual({ status: "duplicate", id: answer.id });
    expect(stored).toHaveLength(1);
  });

  it("without an authenticated id the body itself is the identity", async () => {
    await post('[{"type":"a"}]');
    expect(await (await post('[{"type":"a"}]')).json()).toMatchObject({ status: "duplicate" });
    expect(await (await post('[{"type":"a" }]')).json()).toMatchObject({ status: "accepted" });
  });

  it("events of one body without ids are told apart by their place, and known again", async () => {
    const body = '[{"type":"a"},{"type":"a"}]';
    const statuses = async () => {
      const answer = (await (await post(body)).json()) as { events: { status: string }[] };
      return answer.events.map(({ status }) => status);
    };
    expect(await statuses()).toEqual(["accepted", "accepted"]);
    expect(await statuses()).toEqual(["duplicate", "duplicate"]);
  });

  it("several events are all stored in one call, each with its own status", async () => {
    const calls: number[] = [];
    const inner = accept;
    accept = (events) => {
      calls.push(events.length);
      return inner(events);
    };
    const body = '[{"id":"1","type":"a"},{"id":"2","type":"unwanted"},{"id":"1","type":"a"}]';
    const answer = (await (await post(body)).json()) as { events: { status: string }[] };
    expect(answer).toMatchObject({ status: "accepted" });
    expect(answer.events.map((event) => event.status)).toEqual(["accepted", "ignored", "duplicate"]);
    expect(calls).toEqual([2]);
  });

  it("a ping and an event that is not selected are ignored with a reason, and not stored", async () => {
    expect(await (await post("ping")).json()).toEqual({ status: "ignored", reason: "ping" });
    expect(await (await post('[{"type":"unwanted"}]')).json()).toEqual({
      status: "ignored",
      reason: "event-not-selected",
    });
    expect(stored).toEqual([]);
  });

  it("what must not be left out is stored although nobody selected it", async () => {
    expect(await (await post('[{"type":"unwanted","mandatory":true}]')).json()).toMatchObject({
      status: "accepted",
    });
  });

  it("text that no database stores is cleaned before it gets there", async () => {
    await post('[{"type":"a\\u0000b"}]');
    expect(stored[0]?.type).toBe("ab");
    expect(stored[0]?.attributes["from"]).toBe("nul and \ufffd");
  });

  it("a type of nothing that can be stored is unknown, never empty", async () => {
    await post('[{"type":"\\u0000"}]');
    expect(stored[0]?.type).toBe("unknown");
  });

  it("an event without a time of its own counts as happening on arrival", async () => {
    await post('[{"type":"a"}]');
    expect(stored[0]).toMatchObject({ occurredAt: now, receivedAt: now, replay: 0 });
  });
});

describe("protocols and browsers", () => {
  it("providers that need an empty 200 get one", async () => {
    const response = await post('[{"type":"a"}]', {}, source({}, { answers: "empty" }));
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  it("a browser that wants HTML is redirected with 303, a script is answered in JSON", async () => {
    const form = source({ redirect: "https://example.com/thanks" }, { answers: "form" });
    const page = await post('[{"type":"a"}]', { accept: "text/html,*/*" }, form);
    expect(page.status).toBe(303);
    expect(page.headers.get("location")).toBe("https://example.com/thanks");
    expect((await post('[{"type":"b"}]', { accept: "application/json" }, form)).status).toBe(200);
  });

  it("a filled honeypot is answered like a success and nothing is stored", async () => {
    const form = source({ honeypot: "trap" }, { answers: "form" });
    const response = await post('[{"type":"a","trap":"buy now"}]', {}, form);
    expect(await response.json()).toMatchObject({ status: "accepted", id: expect.stringMatching(/^evt_/) });
    expect(stored).toEqual([]);
    await post('[{"type":"a","trap":""}]', {}, form);
    expect(stored).toHaveLength(1);
  });

  it("CORS is for the listed origins only", async () => {
    const form = source({ cors: ["https://example.com"] }, { answers: "form" });
    const preflight = (origin: string) =>
      ask(app(form), "/webhooks/fake", { method: "OPTIONS", headers: { origin } });
    const listed = await preflight("https://example.com");
    expect(listed.status).toBe(204);
    expect(listed.headers.get("access-control-allow-origin")).toBe("https://example.com");
    expect(listed.headers.get("access-control-allow-methods")).toBe("POST");
    const other = await preflight("https://evil.example");
    expect(other.headers.get("access-control-allow-origin")).toBeNull();
    expect(other.headers.get("access-control-allow-methods")).toBeNull();
  });

  it("handshakes are answered as their protocol asks", async () => {
    const handshaking = source(
      {},
      {
        handshake: (request) =>
          request.method === "OPTIONS"
            ? { status: 200, headers: { "WebHook-Allowed-Origin": "*" }, body: "" }
            : undefined,
      },
    );
    const response = await ask(app(handshaking), "/webhooks/fake", { method: "OPTIONS" });
    expect(response.status).toBe(200);
    expect(response.headers.get("webhook-allowed-origin")).toBe("*");
  });
});
