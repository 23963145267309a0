import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { tally } from "./index.ts";

const secret = "tallysecret";
/** As the documented example computes it. */
const body = '{"eventId":"a4cb511e-d513-4fa5-baee-b815d718dfd1","eventType":"FORM_RESPONSE"}';
const good = "/k2OmAw2yWx9G5WoId1GzRe0ZoAn+haIYPeZ9aMfU5o=";

function request(headers: Record<string, string>, text = body): InboundRequest {
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(text), receivedAt: 0 };
}

function verdict(signature: string | undefined, text = body, secrets = [secret]): boolean {
  const headers = signature === undefined ? {} : { "tally-signature": signature };
  return tally.verify(request(headers, text), { secrets, keys: [] }, 0).ok;
}

function signatureOf(text: string, key = secret): string {
  return createHmac("sha256", key).update(text).digest("base64");
}

describe("signatures", () => {
  it.each([
    ["the documented way", good, true],
    ["absent", undefined, false],
    ["empty", "", false],
    ["in hex", createHmac("sha256", secret).update(body).digest("hex"), false],
    ["in base64url", good.replace("/", "_").replace("+", "-"), false],
    ["without its padding", good.slice(0, -1), false],
    ["with a prefix", `sha256=${good}`, false],
    ["twice", `${good}, ${good}`, false],
    ["with one bit more", good.replace("5o=", "5p="), false],
    ["by another secret", signatureOf(body, "other"), false],
  ])("%s", (_name, signature, valid) => {
    expect(verdict(signature)).toBe(valid);
  });

  it("cover the bytes that were sent, not what they mean", () => {
    const spaced = JSON.stringify(JSON.parse(body), null, 2);
    expect(verdict(signatureOf(spaced), spaced)).toBe(true);
    expect(verdict(good, spaced)).toBe(false);
    expect(verdict(good, `${body} `)).toBe(false);
    const escaped = '{"eventId":"1","eventType":"\\u0041\\/"}';
    expect(verdict(signatureOf(escaped), escaped)).toBe(true);
    expect(verdict(signatureOf(JSON.stringify(JSON.parse(escaped))), escaped)).toBe(false);
  });

  it("may be by any configured secret, never by an empty one", () => {
    expect(verdict(good, body, ["old", secret])).toBe(true);
    expect(verdict(good, body, ["old"])).toBe(false);
    expect(verdict(signatureOf(body, ""), body, [""])).toBe(false);
    expect(verdict(good, body, [])).toBe(false);
  });

  it("are made as they are judged", () => {
    const signed = tally.sign({ headers: {}, body: Buffer.from(body) }, secret, 0);
    expect(signed.headers).toEqual({ "tally-signature": good });
  });
});

describe("events", () => {
  const json = { "content-type": "application/json" };
  const parse = (event: unknown) => tally.parse(request(json, JSON.stringify(event)));
  const occurredAt = (event: object) => {
    const parsed = parse({ eventId: "1", eventType: "FORM_RESPONSE", ...event });
    return parsed.kind === "events" ? parsed.events[0]?.occurredAt : parsed;
  };

  it.each([[[]], ["text"], [null], [{}], [{ eventId: "1" }], [{ eventType: "FORM_RESPONSE" }]])(
    "%j is not one",
    (event) => {
      expect(parse(event).kind).toBe("malformed");
    },
  );

  it("are JSON", () => {
    expect(tally.parse(request({ "content-type": "text/plain" })).kind).toBe("unsupported");
    expect(tally.parse(request(json, "{")).kind).toBe("malformed");
    expect(tally.parse(request({ "content-type": "application/json; charset=utf-8" })).kind).toBe("events");
  });

  it("have their id, type and time from the signed body, and keep its text", () => {
    const event = {
      eventId: "a4cb511e-d513-4fa5-baee-b815d718dfd1",
      eventType: "FORM_RESPONSE",
      createdAt: "2023-06-28T15:00:21.889Z",
      data: { responseId: "2wgx4n", formId: "VwbNEw", createdAt: "2023-06-28T15:00:21.000Z", fields: [] },
    };
    expect(parse(event)).toEqual({
      kind: "events",
      events: [
        {
          id: event.eventId,
          type: "FORM_RESPONSE",
          occurredAt: Date.UTC(2023, 5, 28, 15, 0, 21, 889),
          attributes: { formId: "VwbNEw", responseId: "2wgx4n" },
          payload: JSON.stringify(event),
        },
      ],
    });
  });

  it("are as old as they say themselves, else as their response, else of unknown age", () => {
    const data = { createdAt: "2023-06-28T15:00:21.000Z" };
    const ofResponse = Date.UTC(2023, 5, 28, 15, 0, 21);
    expect(occurredAt({ createdAt: "2023-06-28T17:00:22.001+02:00", data })).toBe(ofResponse + 1_001);
    expect(occurredAt({ createdAt: "yesterday", data })).toBe(ofResponse);
    expect(occurredAt({ createdAt: 1_687_964_421, data: [] })).toBeUndefined();
  });
});
