import { describe, expect, test } from "vitest";
import type { InboundRequest, JsonObject, MappableEvent, Parsed } from "../provider.ts";
import { cloudevents } from "./index.ts";

const structured = { "content-type": "application/cloudevents+json" };
const batch = { "content-type": "application/cloudevents-batch+json" };
const minimal = { specversion: "1.0", id: "1", source: "/s", type: "t" };
const binary = { "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s", "ce-type": "t" };

const none = { secrets: [], keys: [] };

function request(headers: Record<string, string>, body: string | Buffer): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function parse(headers: Record<string, string>, body: string | Buffer): Parsed {
  return cloudevents.parse(request(headers, body));
}

function parseEvent(event: object): Parsed {
  return parse(structured, JSON.stringify(event));
}

function events(parsed: Parsed) {
  if (parsed.kind !== "events") throw new Error(`no events: ${JSON.stringify(parsed)}`);
  return parsed.events;
}

function onlyEvent(parsed: Parsed) {
  const [event, ...others] = events(parsed);
  if (!event || others.length > 0) throw new Error("not one event");
  return event;
}

function payloadOf(event: MappableEvent): JsonObject {
  const payload: JsonObject = JSON.parse(event.payload);
  return payload;
}

function idOf(source: string, id: string) {
  return onlyEvent(parseEvent({ ...minimal, source, id })).id;
}

/** The payload of a binary event without a content type. */
function untyped(body: string | Buffer) {
  return payloadOf(onlyEvent(parse(binary, body)));
}

function map(event: object) {
  return cloudevents.map({ type: "t", attributes: {}, payload: JSON.stringify({ ...minimal, ...event }) });
}

function options(headers: Record<string, string>): InboundRequest {
  return { ...request(headers, ""), method: "OPTIONS" };
}

describe("refusals", () => {
  test.each([
    ["no specversion", { ...minimal, specversion: undefined }, /specversion/],
    ["another specversion", { ...minimal, specversion: "0.3" }, /specversion/],
    ["a numeric id", { ...minimal, id: 5 }, /"id"/],
    ["an empty id", { ...minimal, id: "" }, /"id"/],
    ["no source", { ...minimal, source: null }, /"source"/],
    ["no type", { ...minimal, type: undefined }, /"type"/],
    ["an unreadable time", { ...minimal, time: "yesterday" }, /"time"/],
    ["a time without offset", { ...minimal, time: "2018-04-05T17:31:00" }, /"time"/],
    ["a numeric time", { ...minimal, time: 1 }, /"time"/],
    ["data twice", { ...minimal, data: 1, data_base64: "YQ==" }, /exclude/],
    ["what is not base64", { ...minimal, data_base64: "a" }, /base64/],
    ["base64 that is not text", { ...minimal, data_base64: { a: 1 } }, /base64/],
    ["an array in single mode", [minimal], /object/],
  ])("an event with %s is malformed", (_, event, message) => {
    const parsed = parseEvent(event);
    expect(parsed).toMatchObject({ kind: "malformed", message });
  });

  test("one invalid event makes its whole batch malformed, by its place", () => {
    expect(parse(batch, JSON.stringify([minimal, { ...minimal, id: "" }]))).toMatchObject({
      kind: "malformed",
      message: expect.stringMatching(/\[1\].*"id"/),
    });
    expect(parse(batch, JSON.stringify([null])).kind).toBe("malformed");
    expect(parse(batch, JSON.stringify(minimal)).kind).toBe("malformed");
    expect(parse(batch, "[").kind).toBe("malformed");
  });

  test("formats that are not read are not supported", () => {
    for (const type of [
      "application/cloudevents+avro",
      "application/cloudevents-batch+xml",
      "text/plain",
      "",
    ]) {
      expect(parse({ "content-type": type }, "{}").kind, type).toBe("unsupported");
    }
    expect(parse({}, JSON.stringify(minimal)).kind).toBe("unsupported");
    expect(parse({ "content-type": "application/json" }, '{"email":"a@b.c"}').kind).toBe("unsupported");
  });

  test.each([
    ["without its id", { "ce-id": "" }, "", /"id"/],
    ["with a data content type header", { "ce-datacontenttype": "text/xml" }, "", /ce-datacontenttype/],
    ["with a data header", { "ce-data": "x" }, "", /ce-data/],
    ["with a header that is not UTF-8", { "ce-subject": "%E9" }, "", /UTF-8/],
    ["with JSON that is none", { "content-type": "application/json" }, "{", /JSON/],
    ["with another specversion", { "ce-specversion": "0.2" }, "", /specversion/],
  ])("a binary event %s is malformed", (_, headers, body, message) => {
    expect(parse({ ...binary, ...headers }, body)).toMatchObject({ kind: "malformed", message });
  });

  test("a body that is not UTF-8 is malformed", () => {
    for (const headers of [structured, batch, { ...binary, "content-type": "application/json" }]) {
      expect(parse(headers, Buffer.from([0x22, 0xe9, 0x22])).kind).toBe("malformed");
    }
  });
});

describe("reading", () => {
  test("a structured event is kept as it was written, its attributes as texts", () => {
    const body =
      '{"specversion":"1.0","id":"A","source":"/s","type":"t","time":"2018-04-05T17:31:00.5+02:00", "subject":null,' +
      '"sequence":706405506930370084,"sampled":true,"odd":{"a":1},"data":{"n":706405506930370084}}';
    expect(onlyEvent(parse(structured, `\uFEFF${body}`))).toEqual({
      id: '["/s","A"]',
      type: "t",
      occurredAt: Date.UTC(2018, 3, 5, 15, 31, 0, 500),
      attributes: {
        specversion: "1.0",
        id: "A",
        source: "/s",
        type: "t",
        time: "2018-04-05T17:31:00.5+02:00",
        sequence: "706405506930370084",
        sampled: "true",
      },
      payload: body,
    });
  });

  test("source and id cannot run into each other", () => {
    expect(idOf("/a", "b,c")).not.toBe(idOf("/a,b", "c"));
    expect(idOf('a","b', "c")).not.toBe(idOf("a", 'b","c'));
  });

  test("a batch keeps every event's exact text, an empty one is nothing to do", () => {
    const first =
      '{"specversion":"1.0","id":"1","source":"/s","type":"a","data":{"n":706405506930370084, "t":"],["}}';
    const second = '{ "specversion":"1.0","id":"2","source":"/s","type":"b" }';
    const parsed = events(parse(batch, `[\n${first} , ${second}\n]`));
    expect(parsed.map(({ payload }) => payload)).toEqual([first, second]);
    expect(parsed.map(({ type }) => type)).toEqual(["a", "b"]);
    expect(parse(batch, "[]")).toEqual({ kind: "ignored", reason: "empty-batch" });
  });

  test("an event sent as plain JSON is read by its specversion", () => {
    expect(onlyEvent(parse({ "content-type": "application/json" }, JSON.stringify(minimal))).type).toBe("t");
  });

  test("a list of events sent as plain JSON is a batch, and one that holds something else is none", () => {
    const plain = { "content-type": "application/json" };
    const two = JSON.stringify([minimal, { ...minimal, id: "2" }]);
    expect(events(parse(plain, two)).map(({ id }) => id)).toEqual(['["/s","1"]', '["/s","2"]']);
    expect(parse(plain, JSON.stringify([minimal, { email: "a@b.c" }])).kind).toBe("unsupported");
    expect(parse(plain, "[]").kind).toBe("unsupported");
  });

  test("binary headers are unquoted, then percent-decoded once", () => {
    const headers = {
      ...binary,
      "ce-subject": "Euro%20%E2%82%AC%20%F0%9F%98%80",
      "ce-quoted": '"a \\"b\\" \\\\ %41"',
      "ce-twice": "%2541",
      "ce-percent": "100%",
      "ce-raw": Buffer.from("é").toString("latin1"),
      "ce-empty": "",
      "ce-__proto__": "x",
      "x-other": "y",
    };
    expect(onlyEvent(parse(headers, "")).attributes).toEqual({
      ...minimal,
      subject: "Euro € 😀",
      quoted: 'a "b" \\ A',
      twice: "%41",
      percent: "100%",
      raw: "é",
      ["__proto__"]: "x",
    });
  });

  test("no sender can say of its event that it cannot be read", () => {
    const name = "unreadable-because";
    expect(onlyEvent(parseEvent({ ...minimal, [name]: "x" })).attributes).toEqual(minimal);
    expect(onlyEvent(parse({ ...binary, [`ce-${name}`]: "x" }, "")).attributes).toEqual(minimal);
  });

  test("binary JSON data stays exact", () => {
    const event = onlyEvent(
      parse(
        { ...binary, "content-type": "application/vnd.x+json; charset=utf-8" },
        ' {"n":706405506930370084} ',
      ),
    );
    expect(event.payload).toBe(
      '{"specversion":"1.0","id":"1","source":"/s","type":"t","datacontenttype":"application/vnd.x+json; charset=utf-8","data": {"n":706405506930370084} }',
    );
  });

  test.each([
    ["text/plain", "héllo", { data: "héllo" }],
    ["application/xml", "<a/>", { data: "<a/>" }],
    ["application/octet-stream", "abc", { data_base64: "YWJj" }],
    ["text/plain; charset=latin1", Buffer.from([0xe9]), { data_base64: "6Q==" }],
    ["application/json", "null", { data: null }],
    ["application/json", "", {}],
  ])("binary %s data %j is kept", (contentType, body, member) => {
    const event = onlyEvent(parse({ ...binary, "content-type": contentType }, body));
    expect(payloadOf(event)).toEqual({ ...minimal, datacontenttype: contentType, ...member });
  });

  test("binary data without a type is JSON when it reads as such, else text, else bytes", () => {
    expect(untyped('{"a":1}')).toEqual({ ...minimal, data: { a: 1 } });
    expect(untyped("hello")).toEqual({ ...minimal, data: "hello" });
    expect(untyped(Buffer.from([0xff]))).toEqual({ ...minimal, data_base64: "/w==" });
  });
});

describe("mapping", () => {
  test("only exact names are taken, and only from data", () => {
    expect(
      map({ email: "outer@b.c", data: { Email: "a@b.c", first_name: "A", user: { phone: "1" } } }),
    ).toEqual({
      kind: "contact",
      root: { Email: "a@b.c", first_name: "A", user: { phone: "1" } },
      candidates: {},
    });
    expect(map({ data: { email: "a@b.c", firstName: "A", phone: null, language: " " } })).toMatchObject({
      candidates: {
        email: [{ path: "email", value: "a@b.c" }],
        firstName: [{ path: "firstName", value: "A" }],
      },
    });
  });

  test.each([
    ["no data", {}, null],
    ["null", { data: null }, null],
    ["a text", { data: "email=a@b.c" }, "email=a@b.c"],
    ["a list", { data: [{ email: "a@b.c" }] }, [{ email: "a@b.c" }]],
    ["bytes", { data_base64: "YWJj" }, "YWJj"],
    [
      "bytes that only look like JSON",
      { data_base64: Buffer.from('{"email":"a@b.c"}').toString("base64") },
      undefined,
    ],
  ])("%s has no candidates", (_, event, root) => {
    const mapped = map(event);
    expect(mapped).toMatchObject({ kind: "contact", candidates: {} });
    if (root !== undefined) expect(mapped.root).toEqual(root);
  });

  test("JSON in base64 is read when its content type says so", () => {
    const data_base64 = Buffer.from('{"email":"a@b.c"}').toString("base64");
    expect(map({ data_base64, datacontenttype: "application/json" })).toMatchObject({
      root: { email: "a@b.c" },
      candidates: { email: [{ path: "email", value: "a@b.c" }] },
    });
  });
});

describe("consent", () => {
  test("an OPTIONS request that asks for none, or not properly, gets none", () => {
    expect(cloudevents.handshake?.(options({ origin: "https://example.com" }), none)).toBeUndefined();
    expect(cloudevents.handshake?.(options({ "webhook-request-origin": " " }), none)).toBeUndefined();
    expect(cloudevents.handshake?.(options({ "webhook-request-origin": "a\r\nb" }), none)).toBeUndefined();
    expect(
      cloudevents.handshake?.(request({ "webhook-request-origin": "a.example" }, ""), none),
    ).toBeUndefined();
  });

  test("an asking origin is allowed at any rate", () => {
    const asked = options({
      "webhook-request-origin": "eventemitter.example.com",
      "webhook-request-rate": "120",
    });
    expect(cloudevents.handshake?.(asked, none)).toEqual({
      status: 200,
      headers: {
        Allow: "POST, OPTIONS",
        "WebHook-Allowed-Origin": "eventemitter.example.com",
        "WebHook-Allowed-Rate": "*",
      },
      body: "",
    });
  });
});

test("access_token in the query proves the sender like key, a wrong one does not", () => {
  const credentials = { secrets: [], keys: ["right"] };
  const verify = (query: Record<string, string>) =>
    cloudevents.verify({ ...request(structured, ""), query }, credentials, 0).ok;
  expect(verify({ access_token: "wrong" })).toBe(false);
  expect(verify({ token: "right" })).toBe(false);
  expect(verify({ access_token: "right" })).toBe(true);
  expect(verify({ key: "right" })).toBe(true);
});

test("headers made for a type alone name that type", () => {
  const headers = { "content-type": "application/json", ...cloudevents.typeHeaders?.("a b/ü\uD800") };
  expect(onlyEvent(parse(headers, '{"email":"a@b.c"}')).type).toBe("a b/ü\uFFFD");
});
