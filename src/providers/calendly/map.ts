import { mapAnswers } from "../answers.ts";
import { at, candidatesAt, isList, isObject, parseJson, textAt } from "../body.ts";
import type {
  Answer,
  Candidates,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";

/** The root is the whole event, with `answers`. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root = read.ok ? read.value : null;
  if (!isObject(root)) return { kind: "nothing", reason: "unreadable-payload", root };
  const payload = at(root, "payload");
  if (!isObject(payload)) return { kind: "nothing", reason: "no-payload", root };
  const [about = "", what] = event.type.split(".");
  switch (about) {
    case "invitee":
      if (what !== "canceled") return mapAnswers(root, answersOf(payload), {}, inviteeOf(root));
      // The new booking's own event says what holds now, at the same moment.
      if (payload["rescheduled"] === true) return { kind: "nothing", reason: "rescheduled", root };
      return mapOutcome(root, payload, "canceled");
    case "invitee_no_show":
      return mapOutcome(root, payload, "no-show");
    case "routing_form_submission":
      return mapAnswers(root, answersOf(payload));
    case "contact":
      if (what === "deleted") return { kind: "nothing", reason: "contact-deleted", root };
      return { kind: "contact", root, candidates: { fullName: candidatesAt(root, ["payload.name"]) } };
    default:
      return { kind: "nothing", reason: "no-invitee", root };
  }
}

/**
 * What became of a booking. It repeats what was said when the booking was made, which may have changed since: only whom
 * it is about is taken from it.
 */
function mapOutcome(root: JsonObject, payload: JsonObject, unlessMapped: string): ProviderMapping {
  const { email = [] } = inviteeOf(root);
  return {
    kind: "contact",
    root: mapAnswers(root, answersOf(payload)).root,
    candidates: { email },
    unlessMapped,
  };
}

function inviteeOf(root: JsonObject): Candidates {
  // API version 1 kept the invitee apart from the answers.
  const path = isObject(at(root, "payload.invitee")) ? "payload.invitee" : "payload";
  const find = (...names: readonly string[]) =>
    candidatesAt(
      root,
      names.map((name) => `${path}.${name}`),
    );
  return {
    email: find("email"),
    phone: find("text_reminder_number", ...calledNumber(root)),
    firstName: find("first_name"),
    lastName: find("last_name"),
    fullName: find("name"),
  };
}

/** Where a call is the place of the meeting: the invitee's number if the host calls, else the host's own. */
function calledNumber(root: JsonObject): readonly string[] {
  const isInvitees = at(root, "payload.scheduled_event.location.type") === "outbound_call";
  return isInvitees ? ["scheduled_event.location.location"] : [];
}

function answersOf(payload: JsonObject): Answer[] {
  const list = payload["questions_and_answers"];
  return (isList(list) ? list : []).flatMap((item: JsonValue, index): Answer[] => {
    const value = at(item, "answer");
    if (value === undefined) return [];
    const path = `payload.questions_and_answers.${index}.answer`;
    return [{ path, ref: textAt(item, "question_uuid"), label: textAt(item, "question"), value }];
  });
}
