import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { createContext, runInContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { InboundRequest } from "../provider.ts";
import { googleForms } from "./index.ts";

const page = readFileSync(new URL("../../../docs/providers/google-forms.md", import.meta.url), "utf8");
const script = /^```js\n([\s\S]*?)^```/m.exec(page)?.[1] ?? "";

const relayUrl = "https://relay.example.com/webhooks/google-forms";
const key = "0c5e2f8a6d1b4f3e9a7c0c5e2f8a6d1b";
const startedAt = Date.UTC(2026, 0, 5, 10, 0, 30);
const submittedAt = new Date(Date.UTC(2026, 0, 5, 10));

/** Apps Script has bytes as numbers from -128 to 127. */
type Bytes = number[];

function toBytes(buffer: Buffer): Bytes {
  return Array.from(buffer, (byte) => (byte > 127 ? byte - 256 : byte));
}

function toBuffer(bytes: unknown): Buffer {
  if (
    !Array.isArray(bytes) ||
    !bytes.every((byte) => Number.isInteger(byte) && byte >= -128 && byte <= 127)
  ) {
    throw new Error("not a Byte[] of Apps Script: text would be signed as US-ASCII");
  }
  return Buffer.from(bytes.map((byte: number) => byte & 255));
}

interface Question {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly rows?: readonly string[];
  readonly answer: unknown;
}

interface Posted {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The script's clock. */
  readonly now: number;
}

interface Situation {
  readonly properties?: Readonly<Record<string, string>>;
  /** What the relay answers, one after another, the last for ever: a status, or what fetching throws. */
  readonly answers?: readonly (number | Error)[];
  readonly questions?: readonly Question[];
  readonly respondentEmail?: string;
  /** How long the relay takes. */
  readonly answerMs?: number;
  readonly triggers?: readonly string[];
}

/** The script in an Apps Script of our own: as much of its services as it uses, strict about types. */
function appsScript(situation: Situation = {}) {
  const posted: Posted[] = [];
  const logged: unknown[][] = [];
  const slept: number[] = [];
  const triggers = [...(situation.triggers ?? [])];
  let now = startedAt;
  const properties = situation.properties ?? { relayUrl, relayKey: key };
  const answers = situation.answers ?? [200];

  const response = {
    getId: () => "2_ABaOnudResponse-1",
    getTimestamp: () => submittedAt,
    getRespondentEmail: () => situation.respondentEmail ?? "",
    getItemResponses: () => (situation.questions ?? []).map(itemResponse),
  };
  const form = {
    getId: () => "1FAIpQLForm",
    getTitle: () => "Öffnungstag ✓",
    getResponses: (since: Date) => (since.getTime() <= submittedAt.getTime() ? [response] : []),
  };

  class ScriptDate extends Date {
    constructor(time: number = now) {
      super(time);
    }
    static override now() {
      return now;
    }
  }

  const context = createContext({
    Date: ScriptDate,
    console: { error: (...values: unknown[]) => logged.push(values) },
    PropertiesService: {
      getScriptProperties: () => ({ getProperty: (name: string) => properties[name] ?? null }),
    },
    FormApp: { getActiveForm: () => form },
    ScriptApp: {
      getProjectTriggers: () => triggers.map((name) => ({ getHandlerFunction: () => name })),
      deleteTrigger: (trigger: { getHandlerFunction(): string }) =>
        triggers.splice(triggers.indexOf(trigger.getHandlerFunction()), 1),
      newTrigger: (name: string) => ({
        forForm: (of: unknown) => ({
          onFormSubmit: () => ({ create: () => of === form && triggers.push(name) }),
        }),
      }),
    },
    Utilities: {
      newBlob: (text: string) => ({ getBytes: () => toBytes(Buffer.from(text, "utf8")) }),
      base64Encode: (bytes: unknown) => toBuffer(bytes).toString("base64"),
      base64Decode: (text: string) => {
        if (Buffer.from(text, "base64").toString("base64") !== text)
          throw new Error("Could not decode string.");
        return toBytes(Buffer.from(text, "base64"));
      },
      computeHmacSha256Signature: (value: unknown, secret: unknown) =>
        toBytes(createHmac("sha256", toBuffer(secret)).update(toBuffer(value)).digest()),
      sleep: (milliseconds: number) => {
        slept.push(milliseconds);
        now += milliseconds;
      },
    },
    UrlFetchApp: {
      fetch: (url: string, options: Readonly<Record<string, unknown>>) => {
        posted.push({ url, options, now });
        now += situation.answerMs ?? 100;
        const answer = answers[Math.min(posted.length, answers.length) - 1] ?? 200;
        if (typeof answer !== "number") throw answer;
        return { getResponseCode: () => answer };
      },
    },
  });
  runInContext(script, context);
  const run = (call: string) =>
    runInContext(call, Object.assign(context, { event: { response, source: form } }));
  return { run, posted, logged, slept, triggers, elapsed: () => now - startedAt };
}

function itemResponse({ id, title, type, rows, answer }: Question) {
  const grid = (of: string) => () => {
    if (type !== of) throw new Error("Invalid conversion for item type");
    return { getRows: () => rows };
  };
  return {
    getResponse: () => answer,
    getItem: () => ({
      getId: () => id,
      getTitle: () => title,
      getType: () => ({ toString: () => type }),
      asGridItem: grid("GRID"),
      asCheckboxGridItem: grid("CHECKBOX_GRID"),
    }),
  };
}

function received({ options }: Posted): InboundRequest {
  const headers = {
    ...(options["headers"] as Record<string, string>),
    "content-type": String(options["contentType"]),
  };
  const body = toBuffer(options["payload"]);
  return { method: "POST", headers, query: {}, target: "/", body, receivedAt: 0 };
}

function isProven(post: Posted, ...keys: readonly string[]): boolean {
  return googleForms.verify(received(post), { secrets: [], keys }, post.now).ok;
}

const questions: readonly Question[] = [
  { id: 11, title: "Name", type: "TEXT", answer: "Zoë van Dijk 😀" },
  { id: 12, title: "E-Mail", type: "TEXT", answer: "zoe@example.com" },
  { id: 13, title: "WhatsApp number", type: "TEXT", answer: "012-345 6789" },
  { id: 14, title: "About you", type: "PARAGRAPH_TEXT", answer: 'two\nlines, "quoted"' },
  { id: 15, title: "Country", type: "LIST", answer: "Malaysia" },
  { id: 16, title: "What interests you?", type: "CHECKBOX", answer: ["Shoes", "Bags"] },
  { id: 17, title: "Our shops", type: "GRID", rows: ["Online", "In town"], answer: ["Good", ""] },
  {
    id: 18,
    title: "When may we call?",
    type: "CHECKBOX_GRID",
    rows: ["Monday", "Tuesday"],
    answer: [["Morning", "Evening"], null],
  },
  { id: 19, title: "Avatar", type: "FILE_UPLOAD", answer: ["1aFile"] },
  { id: 20, title: "How likely?", type: "SCALE", answer: "4" },
  { id: 21, title: "Arrival", type: "DATETIME", answer: "2026-02-14 09:30" },
];

describe("when it cannot deliver", () => {
  it.each([401, 400])("%s is not repeated: the run fails and says so, without the key", (status) => {
    const google = appsScript({ answers: [status] });
    expect(() => google.run("submitted(event)")).toThrow(String(status));
    expect(google.posted).toHaveLength(1);
    expect(JSON.stringify(google.logged)).toContain("2_ABaOnudResponse-1");
    expect(JSON.stringify(google.logged)).not.toContain(key);
  });

  it.each([[503], [500], [404], [302], [204], [new Error("Address unavailable")]])(
    "%s is repeated, each time signed anew, and ends well before Google ends the run",
    (answer) => {
      const google = appsScript({ answers: [answer] });
      expect(() => google.run("submitted(event)")).toThrow("Not delivered");
      expect(google.slept).toEqual([0, 5_000, 15_000, 30_000, 60_000, 120_000]);
      expect(google.posted.every((post) => isProven(post, key))).toBe(true);
      expect(new Set(google.posted.map(({ options }) => String(options["payload"]))).size).toBe(1);
      expect(google.logged).toHaveLength(1);
    },
  );

  it("a relay that lets it wait for a minute each time does not make it overrun its six minutes", () => {
    const google = appsScript({ answers: [503], answerMs: 60_000 });
    expect(() => google.run("submitted(event)")).toThrow("503");
    expect(google.elapsed()).toBeLessThan(350_000);
    expect(google.posted.length).toBeGreaterThan(2);
  });

  it("it is content once the relay is back", () => {
    const google = appsScript({ answers: [new Error("DNS error"), 503, 200] });
    google.run("submitted(event)");
    expect(google.posted).toHaveLength(3);
    expect(google.logged).toEqual([]);
  });
});

describe("connecting", () => {
  it("asks for its settings first", () => {
    const google = appsScript({ properties: { relayUrl } });
    expect(() => google.run("connect()")).toThrow("relayKey");
    expect(google.triggers).toEqual([]);
  });

  it("leaves one trigger for submissions, however often it is run, and others alone", () => {
    const google = appsScript({ triggers: ["submitted", "backup", "submitted"] });
    google.run("connect()");
    google.run("connect()");
    expect(google.triggers.sort()).toEqual(["backup", "submitted"]);
  });
});

describe("what it posts", () => {
  it("goes to the relay as JSON, unredirected, with errors as answers", () => {
    const google = appsScript();
    google.run("submitted(event)");
    expect(google.posted[0]).toMatchObject({
      url: relayUrl,
      options: {
        method: "post",
        contentType: "application/json",
        muteHttpExceptions: true,
        followRedirects: false,
        headers: { "webhook-id": "2_ABaOnudResponse-1" },
      },
    });
  });

  it.each([
    ["text", key],
    ["text that is not ASCII", "schlüssel ✓"],
    ["text that is base64 too", "c2VjcmV0"],
    ["whsec_ and base64", `whsec_${Buffer.alloc(32, "key").toString("base64")}`],
    ["whsec_ and base64 of bytes beyond ASCII", `whsec_${Buffer.alloc(31, "é").toString("base64")}`],
    ["whsec_ and one padding", "whsec_c2VjcmV0MTI="],
    ["whsec_ and two paddings", "whsec_c2VjcmV0MQ=="],
    ["whsec_ and base64 without its padding", "whsec_c2VjcmV0MQ"],
    ["whsec_ and other text", "whsec_my own!"],
    ["whsec_ and a padding too many", "whsec_c2VjcmV0MQ==="],
    ["whsec_ alone", "whsec_"],
  ])("is proven with a key that is %s, and with no other", (_name, relayKey) => {
    const google = appsScript({ properties: { relayUrl, relayKey }, questions });
    google.run("submitted(event)");
    const [post] = google.posted;
    if (!post) throw new Error("nothing was posted");
    expect(isProven(post, relayKey)).toBe(true);
    expect(isProven(post, "another", relayKey)).toBe(true);
    expect(isProven(post, `${relayKey}x`, "another")).toBe(false);
  });

  it("is read as one submission with its time, and mapped by its questions", () => {
    const google = appsScript({ questions, respondentEmail: "account@example.com" });
    google.run("submitted(event)");
    const [post] = google.posted;
    const parsed = post && googleForms.parse(received(post));
    if (parsed?.kind !== "events" || !parsed.events[0]) throw new Error("not an event");
    const [event] = parsed.events;
    expect(event).toMatchObject({
      type: "form_submission",
      occurredAt: submittedAt.getTime(),
      attributes: { formId: "1FAIpQLForm", formTitle: "Öffnungstag ✓" },
    });
    expect(event.id).toMatch(/^2_ABaOnudResponse-1\/2026-01-05T10:00:00.000Z\//);
    expect(googleForms.map(event)).toMatchObject({
      kind: "contact",
      candidates: {
        fullName: [{ path: "data.answers.0.value", value: "Zoë van Dijk 😀" }],
        email: [{ value: "zoe@example.com" }, { path: "data.respondentEmail", value: "account@example.com" }],
        phone: [{ value: "012-345 6789" }],
        countryCode: [{ value: "Malaysia" }],
      },
      root: {
        answers: {
          "11": "Zoë van Dijk 😀",
          "About you": 'two\nlines, "quoted"',
          "What interests you?": ["Shoes", "Bags"],
          "Our shops": { Online: "Good", "In town": null },
          "When may we call?": { Monday: ["Morning", "Evening"], Tuesday: null },
          Avatar: ["https://drive.google.com/open?id=1aFile"],
          "How likely?": "4",
          Arrival: "2026-02-14 09:30",
        },
      },
    });
    expect(googleForms.map(event)).not.toHaveProperty("candidates.profilePic");
  });

  it("is the same event when the trigger fires twice, and when the last day is sent again", () => {
    const google = appsScript({ questions });
    google.run("submitted(event)");
    google.run("submitted(event)");
    google.run("sendLastDay()");
    const ids = google.posted.map((post) => {
      const parsed = googleForms.parse(received(post));
      return parsed.kind === "events" ? parsed.events[0]?.id : undefined;
    });
    expect(ids).toHaveLength(3);
    expect(ids[0]).toBeDefined();
    expect(new Set(ids).size).toBe(1);
  });
});
