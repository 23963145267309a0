import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonObject, JsonValue, ProviderEvent, ProviderMapping } from "../provider.ts";
import { calendly } from "./index.ts";

function map(payload: unknown, type = "invitee.created"): ProviderMapping {
  const text = JSON.stringify({ event: type, created_at: "2026-06-24T22:30:45.105381Z", payload });
  return calendly.map({ type, attributes: {}, payload: text });
}

/** The values found per field, best first. */
function found(mapping: ProviderMapping): Record<string, readonly JsonValue[]> {
  if (mapping.kind !== "contact") throw new Error(`${mapping.kind} instead of a contact`);
  return Object.fromEntries(
    Object.entries(mapping.candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

/** The event in a fixture: the request's body, or beside a description of it. */
function fixture(name: string): ProviderEvent {
  const read = JSON.parse(
    readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), "utf8"),
  ) as JsonObject;
  const body = Buffer.from(JSON.stringify(read["body"] ?? read));
  const parsed = calendly.parse({ method: "POST", headers: {}, query: {}, target: "/", body, receivedAt: 0 });
  const [event] = parsed.kind === "events" ? parsed.events : [];
  if (!event) throw new Error(`not read: ${parsed.kind}`);
  return event;
}

const answer = (question: string, given: JsonValue) => ({ question, answer: given, position: 0 });

describe("nothing is mapped", () => {
  const invitee = { email: "a@example.com", name: "A B" };

  it.each([
    ["without a payload", "invitee.created", null, "no-payload"],
    ["with a payload that is a list", "invitee.created", [invitee], "no-payload"],
    ["of a contact that is gone", "contact.deleted", { uri: "x", name: "A B" }, "contact-deleted"],
    [
      "of a kind of meeting",
      "event_type.updated",
      { name: "Introduction", email: "host@example.com" },
      "no-invitee",
    ],
    ["of a meeting's recap", "meeting_recap.created", { name: "Introduction" }, "no-invitee"],
    ["of an event yet unknown", "inviteeish.created", invitee, "no-invitee"],
    ["of a booking that was moved", "invitee.canceled", { ...invitee, rescheduled: true }, "rescheduled"],
  ])("%s", (_name, type, payload, reason) => {
    expect(map(payload, type)).toMatchObject({ kind: "nothing", reason });
  });

  it("of text that is no event", () => {
    for (const payload of ["[]", "5", "{"]) {
      expect(calendly.map({ type: "invitee.created", attributes: {}, payload })).toMatchObject({
        reason: "unreadable-payload",
      });
    }
  });
});

describe("nobody is named", () => {
  it("by null, by blank text, by a time zone, a guest, a host or who canceled", () => {
    const mapping = map(
      {
        email: null,
        name: "",
        first_name: null,
        last_name: " ",
        text_reminder_number: null,
        timezone: "Europe/Paris",
        cancellation: { canceled_by: "Some Host" },
        questions_and_answers: null,
        scheduled_event: {
          event_memberships: [{ user_email: "host@example.com", user_name: "Some Host" }],
          event_guests: [{ email: "guest@example.com" }],
        },
      },
      "invitee.canceled",
    );
    expect(found(mapping)).toEqual({});
  });

  it("by the place of a meeting, unless it is the number that the host calls", () => {
    const at = (location: unknown) => found(map({ scheduled_event: { location } }));
    expect(at({ type: "inbound_call", location: "+12025550143" })).toEqual({});
    expect(at({ type: "physical", location: "+12025550143" })).toEqual({});
    expect(at({ type: "outbound_call", location: null })).toEqual({});
    expect(at("outbound_call")).toEqual({});
    expect(at({ type: "outbound_call", location: "+12025550143" })).toEqual({ phone: ["+12025550143"] });
  });
});

describe("an invitee", () => {
  it("has one name, or a first and a last name where the host asks for them", () => {
    expect(found(map({ name: "Jordan Rivera", first_name: null, last_name: null }))).toEqual({
      fullName: ["Jordan Rivera"],
    });
    expect(found(map({ name: "Ana Maria Lopez", first_name: "Ana Maria", last_name: "Lopez" }))).toEqual({
      firstName: ["Ana Maria"],
      lastName: ["Lopez"],
      fullName: ["Ana Maria Lopez"],
    });
  });

  it("is who booked, before what the questions' answers say", () => {
    const mapping = map({
      email: "booked@example.com",
      name: "Lena Vogel",
      text_reminder_number: "+1 202-555-0143",
      scheduled_event: { location: { type: "outbound_call", location: "+1 202-555-0178" } },
      questions_and_answers: [
        answer("Email", "answered@example.com"),
        answer("Phone Number", "+1 202-555-0112"),
        answer("Name", "Engraving"),
        answer("Country", "Germany"),
        answer("Anything else?", "No"),
        answer("Language", null),
      ],
    });
    expect(found(mapping)).toEqual({
      email: ["booked@example.com", "answered@example.com"],
      phone: ["+1 202-555-0143", "+1 202-555-0178", "+1 202-555-0112"],
      fullName: ["Lena Vogel", "Engraving"],
      countryCode: ["Germany"],
    });
    expect(mapping).toMatchObject({
      root: { payload: { name: "Lena Vogel" }, answers: { "Anything else?": "No", Country: "Germany" } },
      candidates: {
        email: [{ path: "payload.email" }, { path: "payload.questions_and_answers.0.answer" }],
      },
    });
  });

  it("is read whatever stands among the answers", () => {
    const questions_and_answers = [
      null,
      5,
      [],
      { question: "Email" },
      { answer: "x" },
      { question: 7, answer: "y" },
    ];
    expect(found(map({ email: "a@example.com", questions_and_answers }))).toEqual({
      email: ["a@example.com"],
    });
    expect(found(map({ email: "a@example.com", questions_and_answers: {} }))).toEqual({
      email: ["a@example.com"],
    });
  });

  it.each(["invitee.canceled", "invitee_no_show.created", "invitee_no_show.deleted"])(
    "is only named by %s: what was said at the booking is not said again, later",
    (type) => {
      const invitee = {
        email: "a@example.com",
        name: "A B",
        first_name: "A",
        text_reminder_number: "+12025550143",
      };
      const location = { type: "outbound_call", location: "+12025550178" };
      const questions_and_answers = [answer("Country", "Germany"), answer("Email", "b@example.com")];
      const rest = { rescheduled: false, scheduled_event: { location }, questions_and_answers };
      const mapping = map({ ...invitee, ...rest }, type);
      expect(mapping).toMatchObject({
        kind: "contact",
        root: { payload: invitee, answers: { Country: "Germany" } },
        unlessMapped: type === "invitee.canceled" ? "canceled" : "no-show",
      });
      expect(found(mapping)).toEqual({ email: ["a@example.com"] });
      expect(found(map({ invitee, ...rest }, type))).toEqual({ email: ["a@example.com"] });
    },
  );

  it("as API version 1 wrote it is found apart from the answers", () => {
    const mapping = map({
      event_type: { name: "15 Minute Meeting" },
      event: { uuid: "BBBB", invitees: ["Joe"] },
      invitee: {
        uuid: "AAAA",
        first_name: "Joe",
        last_name: "Schmoe",
        name: "Joe Schmoe",
        email: "joe.schmoe@example.com",
        text_reminder_number: "+14045551234",
      },
      questions_and_answers: [answer("Country", "US")],
    });
    expect(found(mapping)).toEqual({
      email: ["joe.schmoe@example.com"],
      phone: ["+14045551234"],
      firstName: ["Joe"],
      lastName: ["Schmoe"],
      fullName: ["Joe Schmoe"],
      countryCode: ["US"],
    });
    const body = Buffer.from(
      '{"event":"invitee.created","time":"2018-03-14T19:16:01Z","payload":{"invitee":{}}}',
    );
    expect(
      calendly.parse({ method: "POST", headers: {}, query: {}, target: "/", body, receivedAt: 0 }),
    ).toMatchObject({ events: [{ id: undefined, occurredAt: Date.UTC(2018, 2, 14, 19, 16, 1) }] });
  });
});

it("a routing form's submission is its answers: it names nobody beside them", () => {
  const mapping = map(
    {
      uri: "https://api.calendly.com/routing_form_submissions/AAAAAAAAAAAAAAAA",
      submitter: "https://calendly.com/scheduled_events/A/invitees/B",
      submitter_type: "Invitee",
      email: "not-documented@example.com",
      questions_and_answers: [
        { question_uuid: "123e4567", question: "Your email", answer: "a@example.com" },
        { question_uuid: "123e4568", question: "What is your industry?", answer: "IT & Software" },
      ],
    },
    "routing_form_submission.created",
  );
  expect(found(mapping)).toEqual({ email: ["a@example.com"] });
  expect(mapping.root).toMatchObject({
    answers: { "123e4567": "a@example.com", "What is your industry?": "IT & Software" },
  });
});

it("a contact of Calendly's own list gives its name, and the rest to the source's mapping", () => {
  const contact = { uri: "x", name: "A B", emails: [{}], phone_numbers: [{}] };
  for (const type of ["contact.created", "contact.updated"]) {
    const mapping = map(contact, type);
    expect(found(mapping)).toEqual({ fullName: ["A B"] });
    expect(mapping.root).toMatchObject({ payload: contact });
  }
});

describe("captured and documented events", () => {
  it.each([
    ["invitee-created-2020", { email: ["betty@example.com"], fullName: ["Betty"] }],
    ["invitee-canceled-2020", { email: ["betty@example.com"] }],
    ["invitee-created", { email: ["jordan.rivera@example.com"], fullName: ["Jordan Rivera"] }],
    ["invitee-created-rebooked", { email: ["morgan.blake@example.com"], fullName: ["Morgan Blake"] }],
    ["invitee-canceled", { email: ["jordan.rivera@example.com"] }],
  ])("%s", (name, expected) => {
    const event = fixture(name);
    expect(found(calendly.map(event))).toEqual(expected);
    expect(event.id).toMatch(/^invitee\.(created|canceled) https:\S+ \d{4}-\S+Z$/);
    expect(event.occurredAt).toBeGreaterThan(Date.UTC(2020, 0));
  });

  it("a booking that was moved counts once, as the new one", () => {
    const moved = fixture("invitee-canceled-rescheduled");
    const rebooked = fixture("invitee-created-rebooked");
    expect(moved.occurredAt).toBe(rebooked.occurredAt);
    expect(calendly.map(moved)).toMatchObject({ kind: "nothing", reason: "rescheduled" });
    expect(calendly.map(rebooked)).toMatchObject({ kind: "contact" });
  });
});
