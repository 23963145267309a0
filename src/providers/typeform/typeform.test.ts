import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed, ProviderEvent } from "../provider.ts";
import { typeform } from "./index.ts";

const secret = "tfsecret";
const body = '{"event_id":"01H","event_type":"form_response","form_response":{"token":"t"}}';
const good = "yTjL9/ONOgh8ONECqcFyoNFjHXqHcgXKybo+y4I+P28=";

function request(text: string | Buffer, headers: Record<string, string> = {}): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(text), receivedAt: 0 };
}

function verdict(signature: string | undefined, text = body, secrets: readonly string[] = [secret]): boolean {
  const headers = signature === undefined ? {} : { "typeform-signature": signature };
  return typeform.verify(request(text, headers), { secrets, keys: [] }, 0).ok;
}

function parse(event: unknown, headers: Record<string, string> = {}): Parsed {
  return typeform.parse(request(JSON.stringify(event), headers));
}

function eventOf(event: unknown): ProviderEvent {
  const parsed = parse(event);
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(`not an event: ${parsed.kind}`);
  return parsed.events[0];
}

function fixture(name: string): string {
  return readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8");
}

describe("a signature", () => {
  const hex = Buffer.from(good, "base64").toString("hex");

  it.each([
    ["none", undefined],
    ["an empty one", ""],
    ["the scheme alone", "sha256="],
    ["without its scheme", good],
    ["of another scheme", `sha1=${good}`],
    ["with the scheme in capitals", `SHA256=${good}`],
    ["with the scheme twice", `sha256=sha256=${good}`],
    ["in hex", `sha256=${hex}`],
    ["without its padding", `sha256=${good.slice(0, -1)}`],
    ["in base64 for addresses", `sha256=${good.replaceAll("/", "_").replaceAll("+", "-")}`],
    ["with unused bits set", `sha256=${good.replace(/8=$/, "9=")}`],
    ["with something behind it", `sha256=${good},`],
    ["twice, as repeated headers arrive", `sha256=${good}, sha256=${good}`],
    ["of another body", `sha256=${createHmac("sha256", secret).update(`${body} `).digest("base64")}`],
    ["of another secret", `sha256=${createHmac("sha256", "other").update(body).digest("base64")}`],
  ])("is refused: %s", (_name, signature) => {
    expect(verdict(signature)).toBe(false);
  });

  it("proves nothing about a changed body, or with empty secrets", () => {
    expect(verdict(`sha256=${good}`, body.replace("01H", "02H"))).toBe(false);
    const ofNothing = createHmac("sha256", "").update(body).digest("base64");
    expect(verdict(`sha256=${ofNothing}`, body, [""])).toBe(false);
    expect(verdict(`sha256=${good}`, body, [])).toBe(false);
  });

  it("of the documented kind is accepted, by any of the secrets", () => {
    expect(verdict(`sha256=${good}`)).toBe(true);
    expect(verdict(`sha256=${good}`, body, ["new", secret])).toBe(true);
  });

  it("is made as Typeform's own example makes it, of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.string({ minLength: 1 }), (bytes, key) => {
        const signed = typeform.sign({ headers: {}, body: Buffer.from(bytes) }, key, 0);
        const digest = createHmac("sha256", key).update(Buffer.from(bytes)).digest("base64");
        expect(signed.headers["typeform-signature"]).toBe(`sha256=${digest}`);
      }),
    );
  });
});

describe("the body", () => {
  it.each([
    ["a bare response, as automation tools hand it on", "activepieces-bare-response"],
    ["a page of the Responses API", "hull-responses-page"],
  ])("is refused plainly: %s", (_name, name) => {
    expect(typeform.parse(request(fixture(name)))).toEqual({
      kind: "malformed",
      message: "The body is not a Typeform webhook: it has no event_type and form_response.",
    });
  });

  it.each([
    ["no type", { event_id: "1", form_response: {} }],
    ["an empty type", { event_id: "1", event_type: "", form_response: {} }],
    ["a list for a response", { event_id: "1", event_type: "form_response", form_response: [] }],
    ["no response", { event_id: "1", event_type: "form_response" }],
  ])("is malformed with %s", (_name, event) => {
    expect(parse(event).kind).toBe("malformed");
  });

  it("of another content type is not read; without one it is read as JSON", () => {
    const event: unknown = JSON.parse(body);
    expect(parse(event, { "content-type": "application/x-www-form-urlencoded" }).kind).toBe("unsupported");
    expect(parse(event, { "content-type": "application/json; charset=utf-8" }).kind).toBe("events");
    expect(parse(event).kind).toBe("events");
    expect(typeform.parse(request(Buffer.from([0x22, 0xff, 0x22]))).kind).toBe("malformed");
  });

  it("is kept as it was written, and names its form", () => {
    const text =
      '{ "event_type":"form_response", "form_response":{"form_id":"lT4Z3j","calculated":{"score":1.0}} }';
    expect(typeform.parse(request(text))).toEqual({
      kind: "events",
      events: [
        {
          id: undefined,
          type: "form_response",
          occurredAt: undefined,
          attributes: { formId: "lT4Z3j" },
          payload: text,
        },
      ],
    });
  });
});

describe("a response", () => {
  function idOf(type: string, eventId: string | undefined, token: string | undefined): string | undefined {
    return eventOf({ event_id: eventId, event_type: type, form_response: { token } }).id;
  }

  it("sent again is the same, whatever the delivery is called", () => {
    expect(idOf("form_response", "01A", "t1")).toBe(idOf("form_response", "01B", "t1"));
    expect(idOf("form_response", "01A", "t1")).not.toBe(idOf("form_response", "01A", "t2"));
  });

  it("is not the partial one before it, nor is one partial response another", () => {
    const ids = [
      idOf("form_response_partial", "01A", "t1"),
      idOf("form_response_partial", "01B", "t1"),
      idOf("form_response", "01C", "t1"),
    ];
    expect(new Set(ids).size).toBe(3);
  });

  it("without a token goes by its event, without either by its body", () => {
    expect(idOf("form_response", "01A", undefined)).toBe("01A");
    expect(idOf("form_response", undefined, undefined)).toBeUndefined();
    expect(idOf("form_response_partial", undefined, "t1")).toBeUndefined();
  });

  it.each([
    ["when it was submitted", "2018-01-18T18:17:02Z", "2018-01-18T18:07:02Z", "2018-01-18T18:17:02Z"],
    ["in its own offset", "2018-01-18T18:17:02+02:00", undefined, "2018-01-18T16:17:02Z"],
    [
      "when it was opened, never submitted",
      "0001-01-01T00:00:00Z",
      "2018-01-18T18:07:02Z",
      "2018-01-18T18:07:02Z",
    ],
    ["when it was opened, without the other", undefined, "2018-01-18T18:07:02Z", "2018-01-18T18:07:02Z"],
    ["unknown", "yesterday", null, undefined],
    ["unknown, with neither", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", undefined],
  ])("has for its time: %s", (_name, submitted_at, landed_at, time) => {
    const event = eventOf({
      event_type: "form_response_partial",
      form_response: { submitted_at, landed_at },
    });
    expect(event.occurredAt).toBe(time === undefined ? undefined : Date.parse(time));
  });
});
