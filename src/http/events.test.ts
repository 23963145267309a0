import { expect, it } from "vitest";
import { documented } from "../../test/helpers/documented.ts";
import { providers } from "../providers/registry.ts";
import { sourcesFromYaml } from "../sources/load.ts";
import { eventsRoutes, type EventsOptions } from "./events.ts";

const yaml = `
sources:
  form: { provider: form, key: k, map: { custom_fields: { Id: id, Deep: deep.id } } }
  leads: { provider: meta-lead-ads, secret: s, verify_token: v, access_token: t }
  tokenless: { provider: meta-lead-ads, secret: s, verify_token: v }
`;

function routes(store = {} as EventsOptions["store"]) {
  const loaded = sourcesFromYaml(yaml, "sources.yaml", {}, providers);
  if (!loaded.ok) throw new Error(loaded.problems.join());
  const sources = new Map(loaded.sources.map((source) => [source.name, source]));
  return eventsRoutes({ store, sources, bodyLimitBytes: 10_000, clock: () => 0 }, async () => undefined);
}

async function preview(body: string, store?: EventsOptions["store"]) {
  const path = "/admin/preview";
  const answer = await documented("POST", path, await routes(store).request(path, { method: "POST", body }));
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

it("a preview keeps every digit of an id that no double holds, as an event would", async () => {
  const ids = '"id":706405506930370084,"deep":{"id":-9007199254740993}';
  for (const payload of [`{"email":"a@b.co",${ids}}`, JSON.stringify(`{"email":"a@b.co",${ids}}`)]) {
    expect(await preview(`{"source":"form","payload":${payload}}`)).toMatchObject({
      status: 200,
      body: {
        updates: [
          {
            patch: {
              custom_fields: [
                { name: "Id", value: "706405506930370084" },
                { name: "Deep", value: "-9007199254740993" },
              ],
            },
          },
        ],
      },
    });
  }
});

it.each(["", "{", "[]", "5", '{"source":"form"}', '{"source":5,"payload":{}}'])(
  "a preview of %j is refused with what to send",
  async (body) => {
    expect(await preview(body)).toMatchObject({ status: 400, body: { error: { code: "malformed" } } });
  },
);

it("a preview that breaks off is refused as no question, and is no failure of the relay", async () => {
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("hung up")) });
  const init: RequestInit = { method: "POST", body, duplex: "half" };
  expect((await routes().request("/admin/preview", init)).status).toBe(400);
});

it.each([
  ["leads", "notification", { outcome: "later", reason: expect.stringContaining("when it is delivered") }],
  ["tokenless", "notification", { outcome: "ignored", reason: "lead-without-its-fields" }],
  ["leads", "lead", { outcome: "mapped" }],
])(
  "a preview by %s of Meta's %s says what its delivery would do, and asks nobody",
  async (source, sample, said) => {
    const body = providers
      .find(({ name }) => name === "meta-lead-ads")
      ?.samples.find(({ name }) => name === sample)?.body;
    const previewed = await preview(`{"source":"${source}","payload":${body ?? ""}}`);
    expect(previewed.body["events"]).toEqual([expect.objectContaining(said)]);
  },
);

const recorded = {
  find: async (id: string) =>
    id === "evt_known" || id === "evt_erased"
      ? {
          event: {
            id,
            source: "form",
            provider: "form",
            identity: "i",
            type: "form_submission",
            attributes: {},
            occurredAt: 0,
            receivedAt: 0,
            replay: 0,
            payload: '{"email":"a@b.co","plan":"pro"}',
            ...(id === "evt_erased" ? { withdrawn: "erased" as const } : {}),
          },
          state: "completed",
          attempts: 1,
        }
      : undefined,
};
const store = { events: recorded } as unknown as EventsOptions["store"];

it("a preview with another map is what that map would make, of a payload or of a recorded event", async () => {
  const map = "custom_fields:\n  Plan: $uppercase(plan)\n";
  const made = { patch: { email: "a@b.co", custom_fields: [{ name: "Plan", value: "PRO" }] } };
  const payload = { email: "a@b.co", plan: "pro" };
  for (const asked of [
    { source: "form", payload, map },
    { source: "form", payload, map: { custom_fields: { Plan: "$uppercase(plan)" } } },
    { event: "evt_known", map },
  ]) {
    expect(await preview(JSON.stringify(asked), store)).toMatchObject({
      status: 200,
      body: { updates: [made] },
    });
  }
});

it("a preview names every mistake of a map with its place, and fills in no variable of the environment", async () => {
  const map = "custom_fields:\n  Broken: $uppercase(\n  Secret: ${PATH}\nnonsense: 1\n";
  const { status, body } = await preview(JSON.stringify({ event: "evt_known", map }), store);
  expect(status).toBe(400);
  const { message } = body["error"] as { message: string };
  expect(message).toMatch(/map:2:/);
  expect(message).toContain("nonsense");
  expect(message).toContain("PATH");
  expect(message).not.toContain(process.env["PATH"]);
});

it("a preview of an event that is not there, or whose payload is gone, says so", async () => {
  expect(await preview('{"event":"evt_none"}', store)).toMatchObject({ status: 404 });
  expect(await preview('{"event":"evt_erased"}', store)).toMatchObject({ status: 410 });
});
