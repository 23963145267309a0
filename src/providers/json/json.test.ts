import { expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { json } from "./index.ts";

const parse = (body: string | Buffer, headers: Record<string, string> = {}) => {
  const request: InboundRequest = {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  };
  return json.parse(request);
};

const lines = { "content-type": "application/x-ndjson" };

const eventsOf = (body: string, headers: Record<string, string> = {}) => {
  const parsed = parse(body, headers);
  if (parsed.kind !== "events") throw new Error(JSON.stringify(parsed));
  return parsed.events;
};

it("one object is one event, with exactly its text", () => {
  const text = '{ "email": "a@example.com", "number": 12345678901234567890 }';
  expect(eventsOf(text)).toEqual([
    { id: undefined, type: "message", occurredAt: undefined, attributes: {}, payload: text },
  ]);
});

it.each([
  [{ type: "a", event: "b" }, "a"],
  [{ eventType: "c" }, "c"],
  [{ event_type: "d" }, "d"],
  [{ event: "b" }, "b"],
  [{ type: 5, event: { a: 1 } }, "message"],
])("%j is of the type %s", (value, type) => {
  expect(eventsOf(JSON.stringify(value))[0]?.type).toBe(type);
});

it("a list, and lines, are an event for each", () => {
  expect(eventsOf('[{"a":1}, {"a": 2}]').map(({ payload }) => payload)).toEqual(['{"a":1}', '{"a": 2}']);
  expect(eventsOf('{"a":1}\r\n\n{"a": 2}', lines).map(({ payload }) => payload)).toEqual([
    '{"a":1}',
    '{"a": 2}',
  ]);
});

it("a key of idempotency names a single event, and none of several", () => {
  const key = { "idempotency-key": " k1 " };
  expect(eventsOf("{}", key)[0]?.id).toBe("k1");
  expect(eventsOf("[{},{}]", key).map(({ id }) => id)).toEqual([undefined, undefined]);
});

it.each([
  ["", {}],
  ["{", {}],
  ["5", {}],
  ["[1]", {}],
  ["[{},[]]", {}],
  ['{"a":1}\n{', lines],
  ['{"a":1}\n[]', lines],
])("%j cannot be read", (body, headers) => {
  expect(parse(body, headers as Record<string, string>).kind).toBe("malformed");
});

it("what is not UTF-8 cannot be read, and what says to be something else is not JSON", () => {
  expect(parse(Buffer.from([0xff])).kind).toBe("malformed");
  expect(parse("a=b", { "content-type": "application/x-www-form-urlencoded" }).kind).toBe("unsupported");
});

it("nothing in a list is nothing to do", () => {
  expect(parse("[]")).toEqual({ kind: "ignored", reason: "empty-batch" });
  expect(parse("\n", lines)).toEqual({ kind: "ignored", reason: "empty-batch" });
});

it("only fields named exactly like ours are taken, and the root is the whole message", () => {
  const payload = '{"email":"a@example.com","first_name":"A","user":{"phone":"1"},"phone":null}';
  const mapping = json.map({ type: "message", attributes: {}, payload });
  expect(mapping).toMatchObject({
    kind: "contact",
    root: { first_name: "A" },
    candidates: { email: [{ path: "email", value: "a@example.com" }] },
  });
  expect(mapping.kind === "contact" && Object.keys(mapping.candidates)).toEqual(["email"]);
});
