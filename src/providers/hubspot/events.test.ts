import { describe, expect, it } from "vitest";
import type { Parsed, ProviderEvent } from "../provider.ts";
import { hubspot } from "./index.ts";

function parse(body: string | Buffer, headers: Record<string, string> = {}): Parsed {
  return hubspot.parse({
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    query: {},
    target: "/webhooks/hubspot",
    body: Buffer.from(body),
    receivedAt: 0,
  });
}

function events(body: unknown): readonly ProviderEvent[] {
  const parsed = parse(typeof body === "string" ? body : JSON.stringify(body));
  if (parsed.kind !== "events") throw new Error(`not read: ${JSON.stringify(parsed)}`);
  return parsed.events;
}

const change = {
  eventId: 100,
  subscriptionId: 12_345,
  portalId: 62_515,
  appId: 54_321,
  occurredAt: 1_700_000_000_000,
  subscriptionType: "contact.propertyChange",
  attemptNumber: 0,
  objectId: 123,
  propertyName: "email",
  propertyValue: "a@example.com",
  changeSource: "CRM_UI",
};

describe("a body that is no list of events and no record", () => {
  it.each([
    ["nothing", ""],
    ["a text", '"contact.creation"'],
    ["a number", "1"],
    ["null", "null"],
    ["half a list", '[{"subscriptionType":"contact.creation"}'],
    ["a list of numbers", "[1]"],
    ["a list within a list", '[[{"subscriptionType":"contact.creation"}]]'],
    ["an event without a type", '[{"eventId":1}]'],
    ["an event with an empty type", '[{"subscriptionType":""}]'],
    ["an event whose type is no text", '[{"subscriptionType":5}]'],
    ["a good event before a bad one", JSON.stringify([change, null])],
  ])("is malformed: %s", (_name, body) => {
    expect(parse(body).kind).toBe("malformed");
  });

  it("is malformed when it is not UTF-8, and unsupported when it says it is a form", () => {
    expect(parse(Buffer.from([0x22, 0xff, 0x22])).kind).toBe("malformed");
    expect(parse("a=b", { "content-type": "application/x-www-form-urlencoded" }).kind).toBe("unsupported");
  });

  it("is malformed with more events than anybody sends, and ignored with none", () => {
    const many = (count: number) => JSON.stringify(Array.from({ length: count }, () => change));
    expect(parse(many(1_001)).kind).toBe("malformed");
    expect(events(many(1_000))).toHaveLength(1_000);
    expect(parse("[ ]")).toEqual({ kind: "ignored", reason: "empty-batch" });
  });
});

describe("a list", () => {
  it("is one event for each element, with its own exact text", () => {
    const first = '{ "subscriptionType" : "contact.creation", "eventId": 1, "objectId": 9007199254740993 }';
    const second = '{"subscriptionType":"deal.creation","eventId":2,"text":"],[\\"{"}';
    expect(events(`\n[ ${first} ,\t${second}]`).map(({ type, payload }) => [type, payload])).toEqual([
      ["contact.creation", first],
      ["deal.creation", second],
    ]);
  });

  it("says when each happened, of what record, but not what its property became", () => {
    expect(
      events([{ ...change, subscriptionType: "object.propertyChange", objectTypeId: "0-1" }]),
    ).toMatchObject([
      {
        type: "object.propertyChange",
        occurredAt: 1_700_000_000_000,
        attributes: { portalId: "62515", objectId: "123", objectTypeId: "0-1", propertyName: "email" },
      },
    ]);
    expect(JSON.stringify(events([change])[0]?.attributes)).not.toContain("a@example.com");
  });

  it("may name the type as older accounts do", () => {
    const { subscriptionType, ...rest } = change;
    expect(events([{ ...rest, eventType: subscriptionType }])).toMatchObject([{ type: subscriptionType }]);
  });

  it.each([[null], ["yesterday"], [1e300], [{}], [undefined]])("occurredAt %j is no time", (occurredAt) => {
    expect(events([{ ...change, occurredAt }])[0]?.occurredAt).toBeUndefined();
  });
});

describe("an event's identity", () => {
  const idOf = (over: object) => events([{ ...change, ...over }])[0]?.id;

  it("stays the same when it is sent again", () => {
    expect(idOf({ attemptNumber: 3 })).toBe(idOf({}));
    expect(idOf({})).toBeDefined();
  });

  it.each([
    ["portalId", 1],
    ["subscriptionId", 1],
    ["objectId", 1],
    ["propertyName", "phone"],
    ["occurredAt", 1_700_000_000_001],
    ["eventId", 101],
  ])("is another with another %s: eventId alone is not unique", (name, value) => {
    expect(idOf({ [name]: value })).not.toBe(idOf({}));
  });

  it("tells ids apart that a double cannot", () => {
    const one = (eventId: string) => events(`[{"subscriptionType":"a","eventId":${eventId}}]`)[0]?.id;
    expect(one("9007199254740993")).not.toBe(one("9007199254740992"));
  });

  it("is not made up where nothing tells it from another", () => {
    expect(idOf({ eventId: undefined, occurredAt: undefined })).toBeUndefined();
    expect(idOf({ eventId: undefined })).toBeDefined();
  });
});

describe("a privacy deletion", () => {
  it("is mandatory, so that no selection of events leaves it out; others are not", () => {
    const [deletion, other] = events([{ ...change, subscriptionType: "contact.privacyDeletion" }, change]);
    expect(deletion?.mandatory).toBe(true);
    expect(other?.mandatory).toBeUndefined();
  });
});

describe("a workflow's record", () => {
  it("is one event, itself by its body", () => {
    const text = ' {"vid": 1, "portal-id": 62515, "properties": {}}';
    expect(events(text)).toEqual([
      {
        id: undefined,
        type: "workflow",
        occurredAt: undefined,
        attributes: { vid: "1", "portal-id": "62515" },
        payload: text,
      },
    ]);
  });

  it.each([
    ["in the older form", { properties: { lastmodifieddate: { value: "1700000000000" } } }],
    ["in the newer form", { properties: { lastmodifieddate: "2023-11-14T22:13:20.000Z" } }],
    ["as a number", { properties: { lastmodifieddate: 1_700_000_000_000 } }],
    ["in a body made by hand", { lastmodifieddate: "1700000000000" }],
  ])("is as old as its last change, %s", (_name, record) => {
    expect(events(record)[0]?.occurredAt).toBe(1_700_000_000_000);
  });

  it.each([[""], ["soon"], [{ value: null }], [null], ["99999999999999999999"]])(
    "last changed at %j has no time",
    (lastmodifieddate) => {
      expect(events({ properties: { lastmodifieddate } })[0]?.occurredAt).toBeUndefined();
    },
  );
});
