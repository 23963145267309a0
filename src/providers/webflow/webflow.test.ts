import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { webflow } from "./index.ts";

const secret = "wfsecret";
const signedAt = 1_700_000_000_000;
const body = '{"triggerType":"form_submission","payload":{"id":"1"}}';
const good = "094fbfa253b1b3c605e4642351b5b833291f45902bd5f7409702d35dda9b8079";

function request(
  signature: string | undefined,
  time: string | undefined = String(signedAt),
  text: string | Buffer = body,
): InboundRequest {
  const headers = { "x-webflow-signature": signature, "x-webflow-timestamp": time };
  return {
    method: "POST",
    headers: Object.fromEntries(
      Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
    ),
    query: {},
    target: "/",
    body: Buffer.from(text),
    receivedAt: signedAt,
  };
}

function verdict(given: InboundRequest, now = signedAt, secrets: readonly string[] = [secret]): boolean {
  return webflow.verify(given, { secrets, keys: [] }, now).ok;
}

/** As Webflow's guide computes it. */
function signedByTheGuide(time: number | string, text: string, key = secret): string {
  return createHmac("sha256", key).update(`${time}:${text}`).digest("hex");
}

describe("a signature", () => {
  it.each([
    ["absent", request(undefined)],
    ["empty", request("")],
    ["of another body", request(good, undefined, `${body} `)],
    ["with one digit changed", request(`${good.slice(0, -1)}8`)],
    ["cut short", request(good.slice(0, -2))],
    ["in base64", request(Buffer.from(good, "hex").toString("base64"))],
    ["twice in one header", request(`${good}, ${good}`)],
    ["without its time", request(good, "")],
    ["with another time", request(good, String(signedAt + 1))],
    ["with the time in another notation", request(good, "1.7e12")],
    ["with text behind the time", request(good, `${signedAt} `)],
    ["with a negative time", request(signedByTheGuide(-signedAt, body), `-${signedAt}`)],
    ["of a time in seconds", request(signedByTheGuide(1_700_000_000, body), "1700000000")],
    [
      "of body and time joined by a dot",
      request(createHmac("sha256", secret).update(`${signedAt}.${body}`).digest("hex")),
    ],
    ["of the body alone", request(createHmac("sha256", secret).update(body).digest("hex"))],
  ])("is refused %s", (_name, given) => {
    expect(verdict(given)).toBe(false);
  });

  it("is refused without the time header", () => {
    const { headers } = request(good);
    const { "x-webflow-timestamp": _time, ...others } = headers;
    expect(verdict({ ...request(good), headers: others })).toBe(false);
  });

  it("is refused more than 300 s early or late", () => {
    const at = (offset: number) => verdict(request(good), signedAt + offset);
    expect([at(-300_001), at(-300_000), at(0), at(300_000), at(300_001)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
  });

  it("is refused under an empty secret or none, and accepted under any of several", () => {
    expect(verdict(request(signedByTheGuide(signedAt, body, "")), signedAt, [""])).toBe(false);
    expect(verdict(request(good), signedAt, [])).toBe(false);
    expect(verdict(request(good), signedAt, ["of-another-form", secret])).toBe(true);
  });

  it("made as Webflow's guide makes it is accepted, and is the one made here", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ minLength: 1 }), (text, key) => {
        const sent = Buffer.from(text).toString();
        const signature = signedByTheGuide(signedAt, sent, key);
        expect(verdict(request(signature, undefined, sent), signedAt, [key])).toBe(true);
        const own = webflow.sign({ headers: {}, body: Buffer.from(sent) }, key, signedAt);
        expect(own.headers).toEqual({
          "x-webflow-timestamp": String(signedAt),
          "x-webflow-signature": signature,
        });
      }),
    );
  });

  it("covers the bytes as they were sent, not the JSON written anew", () => {
    const spaced = '{ "triggerType": "form_submission", "payload": { "id": 1.0 } }';
    expect(verdict(request(signedByTheGuide(signedAt, spaced), undefined, spaced))).toBe(true);
    const rewritten = JSON.stringify(JSON.parse(spaced));
    expect(verdict(request(signedByTheGuide(signedAt, rewritten), undefined, spaced))).toBe(false);
  });
});

describe("an event", () => {
  const parse = (event: unknown, headers: Record<string, string> = {}) =>
    webflow.parse({ ...request(undefined, undefined, JSON.stringify(event)), headers });

  it.each([
    ["nothing of Webflow", {}],
    ["an empty type", { triggerType: "", payload: {} }],
    ["a type that is no text", { triggerType: 5, payload: {} }],
    ["a list", [{ triggerType: "form_submission" }]],
    ["a submission of version 1 without its id", { site: "1", data: {} }],
    ["a submission of version 1 without its data", { site: "1", _id: "1", data: null }],
  ])("is malformed: %s", (_name, event) => {
    expect(parse(event).kind).toBe("malformed");
  });

  it("is JSON, or of a content type that Webflow does not send", () => {
    const event = { triggerType: "site_publish", payload: {} };
    expect(parse(event, { "content-type": "application/x-www-form-urlencoded" }).kind).toBe("unsupported");
    expect(parse(event, { "content-type": "application/json" }).kind).toBe("events");
  });

  it("of a form is itself by its own id, as old as its submission", () => {
    const event = {
      triggerType: "form_submission",
      payload: {
        id: "6321ca84df3949bfc6752327",
        formId: "65429eade",
        submittedAt: "2022-09-14T12:35:16.117Z",
      },
    };
    expect(parse(event)).toEqual({
      kind: "events",
      events: [
        {
          id: "6321ca84df3949bfc6752327",
          type: "form_submission",
          occurredAt: Date.UTC(2022, 8, 14, 12, 35, 16, 117),
          attributes: {},
          payload: JSON.stringify(event),
        },
      ],
    });
  });

  it("of a form without an id or a time is known by its body, from when it came", () => {
    const bare = { triggerType: "form_submission", payload: { data: {}, submittedAt: "yesterday" } };
    expect(parse(bare)).toMatchObject({ events: [{ id: undefined, occurredAt: undefined }] });
    expect(parse({ triggerType: "form_submission", payload: null }).kind).toBe("events");
  });

  it.each([
    ["ecomm_new_order", { orderId: "dfa-3f1", acceptedOn: "2018-12-03T22:06:15.761Z" }, 2018],
    ["ecomm_order_changed", { orderId: "dfa-3f1", acceptedOn: "2018-12-03T22:06:15.761Z" }, undefined],
    ["user_account_added", { id: "6287", createdOn: "2022-05-20T13:46:12.093Z" }, 2022],
    ["user_account_updated", { id: "6287", createdOn: "2022-05-20T13:46:12.093Z" }, undefined],
    ["user_account_updated", { id: "6287", lastUpdated: "2023-05-20T13:46:12.093Z" }, 2023],
    ["collection_item_created", { id: "582b", createdOn: "2023-03-27T22:26:40.926Z" }, undefined],
  ])("%s is not taken for another of the same order or account", (triggerType, payload, year) => {
    const parsed = parse({ triggerType, payload });
    const [event] = parsed.kind === "events" ? parsed.events : [];
    expect(event).toMatchObject({ id: undefined, type: triggerType });
    expect(event?.occurredAt === undefined ? undefined : new Date(event.occurredAt).getUTCFullYear()).toBe(
      year,
    );
  });
});
