import { Writable } from "node:stream";
import { beforeEach } from "vitest";
import { documented } from "./documented.ts";
import type { RelayEvent } from "../../src/contact/event.ts";
import { createIntake } from "../../src/intake/receive.ts";
import type { Kept, Spool } from "../../src/intake/spool.ts";
import type { Provider, Published } from "../../src/providers/provider.ts";
import type { Source } from "../../src/sources/source.ts";
import type { Acceptance } from "../../src/store/event-log.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { webhooks } from "../../src/http/webhooks.ts";
import { noTracing } from "../../src/telemetry/tracing.ts";

export const now = Date.UTC(2026, 0, 5);

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

export function source(overrides: Partial<Source> = {}, provider: Partial<Provider> = {}): Source {
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

/** What a test looks at, and may change for itself; as new before each test. */
interface World {
  stored: RelayEvent[];
  logged: string;
  /** In the spool. */
  kept: RelayEvent[];
  /** In place of keeping it. */
  keep: () => Kept | undefined;
  metrics: ReturnType<typeof createMetrics>;
  accept: (events: readonly RelayEvent[]) => Promise<readonly Acceptance[]>;
}

export const world: World = { ...fresh() };
beforeEach(() => void Object.assign(world, fresh()));

function fresh(): World {
  return {
    stored: [],
    logged: "",
    kept: [],
    keep: () => undefined,
    metrics: createMetrics(),
    accept: async (events) =>
      events.map((event) => {
        const first = world.stored.find((other) => other.identity === event.identity);
        if (!first) world.stored.push(event);
        return { id: first?.id ?? event.id, duplicate: first !== undefined };
      }),
  };
}

/** Keeps everything, unless a test says otherwise. */
const spool: Pick<Spool, "find" | "keep"> = {
  find: async (events) =>
    events.map(({ identity }) => world.kept.find((other) => other.identity === identity)?.id),
  async keep(events) {
    const answer = world.keep() ?? {
      ok: true,
      acceptances: events.map(({ id }) => ({ id, duplicate: false })),
    };
    if (answer.ok) world.kept.push(...events);
    return answer;
  },
};

export function app(configured: Source = source(), published?: Published) {
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      world.logged += chunk.toString();
      done();
    },
  });
  return webhooks({
    sources: new Map([[configured.name, configured]]),
    intake: createIntake({ accept: (events) => world.accept(events) }, () => now, spool, published),
    announcements: configured.provider.announcement ? [configured.provider.announcement] : [],
    bodyLimitBytes: 1_000,
    clock: () => now,
    log: createLogger({ level: "debug", stream }),
    metrics: world.metrics,
    tracing: noTracing,
  });
}

export async function ask(asked: ReturnType<typeof app>, path: string, init: RequestInit): Promise<Response> {
  return await documented(init.method ?? "GET", path, await asked.request(path, init));
}

export function post(body: string, headers: Record<string, string> = {}, configured?: Source) {
  return ask(app(configured), "/webhooks/fake", {
    method: "POST",
    body,
    headers: { "x-proof": "yes", ...headers },
  });
}
