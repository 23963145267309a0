import { describe, expect, it } from "vitest";
import type { InboundRequest, ProviderEvent } from "../provider.ts";
import { parse } from "./events.ts";
import { map } from "./map.ts";

function request(body: string, type = "application/json"): InboundRequest {
  return {
    method: "POST",
    headers: { "content-type": type },
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
}

function parsed(body: object | string) {
  return parse(request(typeof body === "string" ? body : JSON.stringify(body)));
}

function eventsOf(body: object | string): readonly ProviderEvent[] {
  const result = parsed(body);
  if (result.kind !== "events") throw new Error(`no events: ${JSON.stringify(result)}`);
  return result.events;
}

function leadgen(value: unknown) {
  return { field: "leadgen", value };
}

function page(...changes: unknown[]) {
  return { object: "page", entry: [{ id: "7", time: 1_767_607_201, changes }] };
}

describe("what is no lead", () => {
  it.each([
    ["text that is no JSON", "{", "malformed"],
    ["a list", "[]", "malformed"],
    ["no object", '{"entry":[]}', "malformed"],
    ["no entry", '{"object":"page"}', "malformed"],
    ["entries that are no list", '{"object":"page","entry":{"0":{}}}', "malformed"],
  ])("%s is %s", (_name, body, kind) => {
    expect(parsed(body).kind).toBe(kind);
  });

  it("far more changes than Meta sends at once are refused, as many as it sends are not", () => {
    const changes = (count: number) =>
      page(...Array.from({ length: count }, (_, index) => leadgen({ leadgen_id: String(index) })));
    expect(eventsOf(changes(1_000))).toHaveLength(1_000);
    expect(parsed(changes(2_001))).toMatchObject({ kind: "malformed" });
  });

  it("bytes that are no UTF-8 are malformed", () => {
    const body = Buffer.from(JSON.stringify(page(leadgen({ leadgen_id: "1", note: "\u00e4" }))), "latin1");
    expect(parse({ ...request(""), body })).toEqual({
      kind: "malformed",
      message: "The body is not valid UTF-8.",
    });
  });

  it("Meta sends JSON and nothing else", () => {
    expect(parse(request("a=1", "application/x-www-form-urlencoded")).kind).toBe("unsupported");
  });

  it.each([
    ["another object", { object: "instagram", entry: [] }, "not-of-a-page"],
    ["another field", page({ field: "feed", value: { leadgen_id: "1" } }), "no-lead"],
    ["a message", { object: "page", entry: [{ id: "7", time: 1, messaging: [{}] }] }, "no-lead"],
    ["an empty batch", { object: "page", entry: [] }, "no-lead"],
    ["entries of the wrong kind", { object: "page", entry: [null, 1, "x", [], { changes: 1 }] }, "no-lead"],
    ["changes of the wrong kind", page(null, 1, "leadgen", []), "no-lead"],
  ])("%s is ignored, with its reason", (_name, body, reason) => {
    expect(parsed(body)).toEqual({ kind: "ignored", reason });
  });

  it.each([
    ["without an id", { form_id: "1" }, { form_id: "1" }],
    ["without a value", undefined, { value: null }],
    ["of another kind", ["1760342985011723"], { value: ["1760342985011723"] }],
  ])("a lead %s is an event that names no lead, with all that was said", (_name, value, said) => {
    const [event, ...others] = eventsOf(page(leadgen(value)));
    expect(others).toEqual([]);
    expect(event).toMatchObject({ id: undefined, type: "leadgen" });
    expect(JSON.parse(event?.payload ?? "")).toEqual({ ...said, page_id: "7", entry_time: 1_767_607_201 });
    expect(event && map(event)).toMatchObject({ kind: "nothing", reason: "lead-without-its-fields" });
  });

  it.each([
    "../me",
    "1/leads",
    "1?fields=a",
    "-1",
    1.5,
    -1,
    "",
    " ",
    true,
    null,
    ["1"],
    "9".repeat(41),
    "1e3",
  ])("%j is no id, for it becomes part of an address", (id) => {
    expect(eventsOf(page(leadgen({ leadgen_id: id })))).toMatchObject([{ id: undefined }]);
  });
});

describe("leads", () => {
  it("one that cannot be read loses none of the others, and is not lost among them", () => {
    const body = page(
      leadgen({ leadgen_id: "1" }),
      leadgen(null),
      { field: "feed" },
      leadgen({ leadgen_id: 2 }),
    );
    expect(eventsOf(body).map(({ id }) => id)).toEqual(["1", undefined, "2"]);
  });

  it("a thousand changes over several entries are a thousand events, in order", () => {
    const entry = Array.from({ length: 10 }, (_, group) => ({
      id: `page${group}`,
      time: group,
      changes: Array.from({ length: 100 }, (_lead, index) =>
        leadgen({ leadgen_id: `${group * 100 + index}` }),
      ),
    }));
    const events = eventsOf({ object: "page", entry });
    expect(events.map(({ id }) => id)).toEqual(Array.from({ length: 1_000 }, (_, index) => String(index)));
    expect(JSON.parse(events[250]?.payload ?? "")).toEqual({
      leadgen_id: "250",
      page_id: "page2",
      entry_time: 2,
    });
  });

  it("the payload is the change's value, with its page and the time of its entry", () => {
    const value = {
      created_time: 1_767_607_200,
      leadgen_id: "1760342985011723",
      page_id: "104417862233901",
      form_id: "893217740211845",
      ad_id: "120209876543210456",
    };
    expect(eventsOf(page(leadgen(value)))).toEqual([
      {
        id: "1760342985011723",
        type: "leadgen",
        occurredAt: 1_767_607_200_000,
        attributes: { page: "104417862233901", form: "893217740211845", ad: "120209876543210456" },
        payload: JSON.stringify({ ...value, entry_time: 1_767_607_201 }),
      },
    ]);
  });

  it("ids written as numbers stay exact, however large", () => {
    const body =
      '{"object":"page","entry":[{"id":9223372036854775807,"time":1,"changes":[{"field":"leadgen","value":' +
      '{"leadgen_id":9007199254740993,"form_id":18446744073709551615,"ad_id":12,"created_time":1}}]}]}';
    const [event] = eventsOf(body);
    expect(event?.id).toBe("9007199254740993");
    expect(event?.attributes).toEqual({
      page: "9223372036854775807",
      form: "18446744073709551615",
      ad: "12",
    });
    expect(event?.payload).toBe(
      '{"leadgen_id":"9007199254740993","form_id":"18446744073709551615","ad_id":12,"created_time":1,' +
        '"page_id":"9223372036854775807","entry_time":1}',
    );
  });

  it("an id is the same as a number and as text", () => {
    const [asNumber] = eventsOf(page(leadgen({ leadgen_id: 1760342985011723 })));
    const [asText] = eventsOf(page(leadgen({ leadgen_id: "1760342985011723" })));
    expect(asNumber?.id).toBe(asText?.id);
  });

  it.each([
    [1_767_607_200, 1_767_607_200_000],
    ["1767607200", 1_767_607_200_000],
    ["2026-01-05", undefined],
    [1e20, undefined],
    [null, undefined],
    [undefined, undefined],
  ])("created at %j is %j ms", (created, expected) => {
    const [event] = eventsOf(page(leadgen({ leadgen_id: "1", created_time: created })));
    expect(event?.occurredAt).toBe(expected);
  });
});
