import { createHmac } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { InboundRequest, Parsed } from "../provider.ts";
import { calendly } from "./index.ts";

const secret = "calsecret";
const signedAt = 1_700_000_000;
const body = '{"event":"invitee.created","payload":{}}';
const good = "821fc144a8d04d4f09f203f75e3a69da81fa1e36b5acebbe262bb675a870e374";

function request(text: string, headers: Record<string, string> = {}): InboundRequest {
  return {
    method: "POST",
    headers,
    query: {},
    target: "/",
    body: Buffer.from(text),
    receivedAt: signedAt * 1_000,
  };
}

function verdict(
  header: string | undefined,
  options: { at?: number; text?: string; secrets?: readonly string[] } = {},
): boolean {
  const { at = signedAt, text = body, secrets = [secret] } = options;
  const headers = header === undefined ? {} : { "calendly-webhook-signature": header };
  return calendly.verify(request(text, headers), { secrets, keys: [] }, at * 1_000).ok;
}

/** As Calendly's guide computes it. */
function signedByTheGuide(time: number | string, text: string, key = secret): string {
  return createHmac("sha256", key).update(`${time}.${text}`, "utf8").digest("hex");
}

describe("a signature", () => {
  it.each([
    ["absent", undefined],
    ["empty", ""],
    ["without a time", `v1=${good}`],
    ["with an empty time", `t=,v1=${good}`],
    ["with another time", `t=${signedAt + 1},v1=${good}`],
    ["with two times", `t=${signedAt},t=${signedAt},v1=${good}`],
    ["with a time that is no number", `t=now,v1=${good}`],
    ["with text behind the time", `t=${signedAt}x,v1=${good}`],
    ["with text behind the signature", `t=${signedAt},v1=${good}0`],
    ["with one digit changed", `t=${signedAt},v1=${good.slice(0, -1)}5`],
    ["of another scheme", `t=${signedAt},v0=${good}`],
    ["with semicolons", `t=${signedAt};v1=${good}`],
    ["in base64", `t=${signedAt},v1=${Buffer.from(good, "hex").toString("base64")}`],
    ["of a time in milliseconds", `t=${signedAt}000,v1=${signedByTheGuide(`${signedAt}000`, body)}`],
    ["of the body alone", `t=${signedAt},v1=${createHmac("sha256", secret).update(body).digest("hex")}`],
  ])("is refused %s", (_name, header) => {
    expect(verdict(header)).toBe(false);
  });

  it("is refused for another body, under an empty secret, and under none", () => {
    expect(verdict(`t=${signedAt},v1=${good}`, { text: `${body} ` })).toBe(false);
    expect(verdict(`t=${signedAt},v1=${signedByTheGuide(signedAt, body, "")}`, { secrets: [""] })).toBe(
      false,
    );
    expect(verdict(`t=${signedAt},v1=${good}`, { secrets: [] })).toBe(false);
  });

  it("is refused more than 300 s early or late; Calendly's example suggests 180 s of age", () => {
    const at = (offset: number) => verdict(`t=${signedAt},v1=${good}`, { at: signedAt + offset });
    expect([at(-301), at(-300), at(10), at(181), at(300), at(301)]).toEqual([
      false,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it("is accepted beside others, in any order, under any of several secrets", () => {
    const other = signedByTheGuide(signedAt, body, "new");
    expect(verdict(`v1=${good}, t=${signedAt}`)).toBe(true);
    expect(verdict(`t=${signedAt},v1=${other},v1=${good}`)).toBe(true);
    expect(verdict(`t=${signedAt},v1=${good}`, { secrets: ["new", secret] })).toBe(true);
  });

  it("made as Calendly's guide makes it is accepted, and is the one made here", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ minLength: 1 }), (text, key) => {
        const sent = Buffer.from(text).toString();
        const header = `t=${signedAt},v1=${signedByTheGuide(signedAt, sent, key)}`;
        expect(verdict(header, { text: sent, secrets: [key] })).toBe(true);
        const own = calendly.sign({ headers: {}, body: Buffer.from(sent) }, key, signedAt * 1_000);
        expect(own.headers).toEqual({ "calendly-webhook-signature": header });
      }),
    );
  });
});

describe("an event", () => {
  const invitee = {
    uri: "https://api.calendly.com/scheduled_events/A/invitees/B",
    updated_at: "2026-06-09T21:37:17.731525Z",
  };
  const event = { event: "invitee.created", created_at: "2026-06-24T22:30:45.105381Z", payload: invitee };

  const parse = (given: unknown, headers: Record<string, string> = {}): Parsed =>
    calendly.parse(request(JSON.stringify(given), headers));

  const idOf = (given: object): string | undefined => {
    const parsed = parse({ ...event, ...given });
    return parsed.kind === "events" ? parsed.events[0]?.id : parsed.kind;
  };

  it.each([[{}], [[]], ["text"], [null], [{ event: "" }], [{ event: { name: "invitee.created" } }]])(
    "%j is malformed",
    (given) => {
      expect(parse(given).kind).toBe("malformed");
    },
  );

  it("is JSON, or of a content type that Calendly does not send", () => {
    expect(parse(event, { "content-type": "text/plain" }).kind).toBe("unsupported");
    expect(parse(event, { "content-type": "application/json" }).kind).toBe("events");
  });

  it("without an invitee or its last change is known by its body", () => {
    for (const payload of [{ ...invitee, uri: null }, { ...invitee, updated_at: "" }, null, "x", []]) {
      expect(idOf({ payload })).toBeUndefined();
    }
  });

  it("is told apart by what happened, to whom, and by that one's last change; not by when it was sent", () => {
    const id = idOf({});
    expect(id).toContain(invitee.uri);
    expect(idOf({ created_at: "2026-06-24T23:00:00.000000Z", created_by: "someone" })).toBe(id);
    const others = [
      idOf({ event: "invitee.canceled" }),
      idOf({ payload: { ...invitee, uri: `${invitee.uri}C` } }),
      idOf({ payload: { ...invitee, updated_at: "2026-06-10T00:00:00.000000Z" } }),
    ];
    expect(new Set([id, ...others]).size).toBe(4);
  });

  it("of a no-show is told apart by its own time: marking one changes no invitee", () => {
    const marked = idOf({ event: "invitee_no_show.created" });
    const markedAgain = idOf({ event: "invitee_no_show.created", created_at: "2026-06-25T08:00:00.000000Z" });
    expect(marked).toBe(idOf({ event: "invitee_no_show.created" }));
    expect(new Set([marked, markedAgain, idOf({ event: "invitee_no_show.deleted" })]).size).toBe(3);
    expect(idOf({ event: "invitee_no_show.created", created_at: null })).toBeUndefined();
  });

  it.each([
    ["2026-06-24T22:30:45.105381Z", Date.UTC(2026, 5, 24, 22, 30, 45, 105)],
    ["2020-12-22T18:15:56.000000Z", Date.UTC(2020, 11, 22, 18, 15, 56)],
    ["yesterday", undefined],
    [null, undefined],
    [1_700_000_000, undefined],
  ])("created at %j is of the time %j", (created_at, occurredAt) => {
    expect(parse({ ...event, created_at })).toMatchObject({ events: [{ occurredAt }] });
  });

  it("is kept as it was written", () => {
    const text = '{ "event": "invitee.created", "payload": { "n": 706405506930370084 } }';
    expect(calendly.parse(request(text))).toMatchObject({
      events: [{ type: "invitee.created", attributes: {}, payload: text }],
    });
  });
});
