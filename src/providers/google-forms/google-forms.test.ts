import { describe, expect, it } from "vitest";
import type { InboundRequest, JsonValue } from "../provider.ts";
import { googleForms } from "./index.ts";

const key = "a key of one's own";
const now = Date.UTC(2026, 0, 5, 10);
const time = "2026-01-05T10:00:00.000Z";

function request(
  payload: unknown,
  headers: Record<string, string> = {},
  query: Record<string, string> = {},
): InboundRequest {
  const all = { "content-type": "application/json", ...headers };
  const body = Buffer.from(typeof payload === "string" ? payload : JSON.stringify(payload));
  return { method: "POST", headers: all, query, target: "/", body, receivedAt: now };
}

function accepts(given: InboundRequest, keys: readonly string[] = [key]): boolean {
  return googleForms.verify(given, { secrets: [], keys }, now).ok;
}

function eventOf(payload: object) {
  const parsed = googleForms.parse(request(payload));
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function map(payload: JsonValue) {
  const event = { type: "form_submission", attributes: {}, payload: JSON.stringify(payload) };
  const mapping = googleForms.map(event);
  if (mapping.kind !== "contact") throw new Error(`not a contact: ${mapping.kind}`);
  const found = Object.entries(mapping.candidates).map(([field, list]) => [
    field,
    list.map(({ value }) => value),
  ]);
  return { ...mapping, found: Object.fromEntries(found.filter(([, values]) => values?.length)) };
}

function scripted(answers: JsonValue, respondentEmail: string | null = null) {
  return { type: "form_submission", timestamp: time, data: { responseId: "r1", respondentEmail, answers } };
}

describe("the proof", () => {
  const payload = scripted([]);
  const signed = googleForms.sign({ headers: { "webhook-id": "r1" }, body: request(payload).body }, key, now);

  it.each([
    ["nothing", {}, {}],
    ["another key", { authorization: "Bearer other" }, {}],
    ["an empty key", { "x-webhook-key": "" }, { key: "" }],
    ["the key in a parameter of another name", {}, { token: key }],
    [
      "the id and the time of a signature alone",
      { "webhook-id": "r1", "webhook-timestamp": "1767607200" },
      {},
    ],
  ])("%s is refused", (_name, headers, query) => {
    expect(accepts(request(payload, headers, query))).toBe(false);
  });

  it.each([
    ["as a bearer token", { authorization: `Bearer ${key}` }, {}],
    ["as X-Webhook-Key", { "x-webhook-key": key }, {}],
    ["in the address", {}, { key }],
  ])("the key itself %s is accepted", (_name, headers, query) => {
    expect(accepts(request(payload, headers, query))).toBe(true);
    expect(accepts(request(payload, headers, query), ["other"])).toBe(false);
  });

  it("a signature that is wrong is refused even beside the right key", () => {
    expect(accepts(request(payload, { ...signed.headers }))).toBe(true);
    const wrong = { ...signed.headers, "webhook-signature": "v1,AAAA", authorization: `Bearer ${key}` };
    expect(accepts(request(payload, wrong))).toBe(false);
    const old = { ...signed.headers, "webhook-timestamp": "1", "x-webhook-key": key };
    expect(accepts(request(payload, old))).toBe(false);
  });

  it("a key is a secret whatever it looks like: what looks like a public key is one too", () => {
    const publicKey = "whpk_JmF9tidsueRx8p8Hy0EUu1pQ6ldy3X2qiO1DYACuYHM=";
    const { headers, body } = googleForms.sign({ headers: {}, body: Buffer.from("{}") }, publicKey, now);
    expect(accepts({ ...request({}, { ...headers }), body }, [publicKey])).toBe(true);
    expect(accepts({ ...request({}, { ...headers }), body }, ["", "\uD83D", key])).toBe(false);
  });
});

describe("a submission", () => {
  it.each([
    ["nothing of a form", {}],
    ["answers that are no list", scripted({ "1": "a" })],
    ["namedValues that are a list", { responseId: "r1", namedValues: [] }],
    ["no JSON", "{"],
    ["a list", "[]"],
  ])("is malformed with %s", (_name, payload) => {
    expect(googleForms.parse(request(payload)).kind).toBe("malformed");
  });

  it("has to say that it is JSON", () => {
    const asForm = { "content-type": "application/x-www-form-urlencoded" };
    expect(googleForms.parse(request(scripted([]), asForm)).kind).toBe("unsupported");
  });

  it("is itself by its response, its time and its answers: an edit is another", () => {
    const answers = [{ id: "1", title: "Name", type: "TEXT", value: "Ada" }];
    const first = eventOf(scripted(answers)).id;
    expect(first).toMatch(/^r1\/2026-01-05T10:00:00.000Z\//);
    expect(eventOf(scripted(answers)).id).toBe(first);
    const later = { ...scripted(answers), timestamp: "2026-01-05T11:00:00.000Z" };
    const edited = scripted([{ ...answers[0], value: "Ada King" }]);
    const others = [later, edited, scripted(answers, "ada@example.com")].map((other) => eventOf(other).id);
    expect(new Set([first, ...others]).size).toBe(4);
  });

  it.each([
    ["response", { timestamp: time, namedValues: {} }],
    ["time", { responseId: "r1", namedValues: {} }],
  ])("without its %s has no identity of its own", (_name, payload) => {
    expect(eventOf(payload).id).toBeUndefined();
  });

  it("is as old as its timestamp, above its data or in it, and of no age otherwise", () => {
    const at = (timestamp?: JsonValue) => eventOf({ timestamp, namedValues: {} }).occurredAt;
    expect([at(time), at("1/5/2026 11:10:00"), at(), at(1_767_607_200)]).toEqual([
      now,
      undefined,
      undefined,
      undefined,
    ]);
    expect(eventOf({ data: { timestamp: time, answers: [] } }).occurredAt).toBe(now);
  });
});

describe("the answers of a spreadsheet's trigger", () => {
  const payload = {
    formId: "f1",
    responseId: "r1",
    timestamp: time,
    respondentEmail: "account@example.com",
    namedValues: {
      Timestamp: ["1/5/2026 11:10:00"],
      "Email Address": ["ada@example.com"],
      "First name": ["", "Ada"],
      "Last name": ["King"],
      Phone: [""],
      Sessions: ["Monday", "Tuesday"],
      Note: "as plain text",
      "a.b": [],
    },
  };

  it("are read by their titles; a blank is no answer", () => {
    expect(map(payload).found).toEqual({
      firstName: ["Ada"],
      lastName: ["King"],
      email: ["ada@example.com", "account@example.com"],
    });
  });

  it("are in the root, one as itself and several as a list", () => {
    expect(map(payload).root).toMatchObject({
      formId: "f1",
      answers: {
        "First name": "Ada",
        Sessions: ["Monday", "Tuesday"],
        Note: "as plain text",
        Phone: null,
        "a.b": null,
      },
    });
  });
});

describe("the answers of the script", () => {
  it("that are no objects, or have neither title nor id, harm nobody", () => {
    const odd = [null, "text", [], {}, { title: "Email" }, { id: 7, value: "seven" }];
    expect(map(scripted(odd)).root).toMatchObject({ answers: { Email: null, "7": "seven" } });
    expect(map(scripted(odd)).found).toEqual({});
  });

  it("uploads and grids are no contact data, whatever they are called", () => {
    const answers = [
      {
        id: "1",
        title: "Profile picture",
        type: "FILE_UPLOAD",
        value: ["https://drive.google.com/open?id=1"],
      },
      { id: "2", title: "Email", type: "GRID", value: ["a@example.com"] },
      { id: "3", title: "Phone", type: "CHECKBOX_GRID", value: { Home: ["x"] } },
    ];
    expect(map(scripted(answers)).found).toEqual({});
    expect(map(scripted(answers)).answers).toHaveLength(3);
  });

  it("one choice of a list is itself, several are nobody's country", () => {
    const country = (value: JsonValue) =>
      map(scripted([{ id: "1", title: "Country", type: "CHECKBOX", value }])).found;
    expect(country(["Malaysia"])).toEqual({ countryCode: ["Malaysia"] });
    expect(country(["Malaysia", "Singapore"])).toEqual({});
  });

  it("of two questions with one title the first has the name, and each its id", () => {
    const answers = [
      { id: "1", title: "Size", type: "TEXT", value: "S" },
      { id: "2", title: "Size", type: "TEXT", value: "L" },
    ];
    expect(map(scripted(answers)).root).toMatchObject({ answers: { "1": "S", "2": "L", Size: "S" } });
  });

  it("are looked for in vain in what is no object", () => {
    for (const payload of ["[]", "1", "{", ""]) {
      const event = { type: "form_submission", attributes: {}, payload };
      expect(googleForms.map(event)).toMatchObject({ kind: "nothing", reason: "unreadable-payload" });
    }
  });
});
