import { CloudEvent, HTTP } from "cloudevents";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject, MappableEvent } from "../provider.ts";
import { cloudevents } from "./index.ts";

const batch = { "content-type": "application/cloudevents-batch+json" };

function events(headers: Record<string, string>, body: string) {
  const parsed = cloudevents.parse({
    method: "POST",
    headers,
    query: {},
    target: "/",
    body: Buffer.from(body),
    receivedAt: 0,
  });
  if (parsed.kind !== "events") throw new Error(`no events: ${JSON.stringify(parsed)}`);
  return parsed.events;
}

function payloadOf(event: MappableEvent): JsonObject {
  const payload: JsonObject = JSON.parse(event.payload);
  return payload;
}

function lowerCase(headers: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

const attribute = fc.string({ minLength: 1, unit: fc.constantFrom(..."abcXYZ0189/:._-".split("")) });
const context = fc.record({
  id: attribute,
  source: attribute,
  type: attribute,
  subject: attribute,
  time: fc
    .date({ min: new Date("1970-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  datacontenttype: fc.constant("application/json"),
  data: fc.dictionary(attribute, fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.boolean())),
});
test.each(["structured", "binary"] as const)(
  "%s events of the official library are read as it wrote them",
  (mode) => {
    fc.assert(
      fc.property(context, (given) => {
        const event = new CloudEvent(given);
        const message = HTTP[mode](event);
        const [parsed, ...others] = events(lowerCase(message.headers), String(message.body));
        if (!parsed) throw new Error("no event");
        expect(others).toEqual([]);
        const expected: JsonObject = JSON.parse(JSON.stringify(event));
        const { data, ...attributes } = expected;
        expect(payloadOf(parsed)["data"]).toEqual(data);
        expect(parsed.attributes).toMatchObject(attributes);
        expect(parsed.occurredAt).toBe(Date.parse(given.time));
      }),
    );
  },
);

test("batches are read as the official library reads them", () => {
  fc.assert(
    fc.property(fc.array(context, { minLength: 1, maxLength: 5 }), (given) => {
      const body = JSON.stringify(given.map((one) => new CloudEvent(one)));
      const read = HTTP.toEvent({ headers: batch, body });
      const expected: unknown = JSON.parse(JSON.stringify(read));
      expect(events(batch, body).map(payloadOf)).toEqual(expected);
    }),
  );
});
