import { parseContactRef } from "../contact/contact-ref.ts";
import { eventStates, type EventFilter } from "../store/event-log.ts";

type Read = { ok: true; filter: EventFilter } | { ok: false; message: string };

/** Reads the filter of a list of events from its query; what is empty counts as absent. */
export function readEventFilter(query: Readonly<Record<string, string>>): Read {
  const given = (name: string) => (query[name] === "" ? undefined : query[name]);
  const source = given("source");
  const type = given("type");
  const stateText = given("state");
  const state = eventStates.find((known) => known === stateText);
  if (stateText !== undefined && state === undefined) {
    return refuse(`There is no such state; there are: ${eventStates.join(", ")}.`);
  }
  const contactText = given("contact");
  const contact = contactText === undefined ? undefined : parseContactRef(contactText);
  if (contactText !== undefined && contact === undefined) {
    return refuse("`contact` is a reference such as phone:+60123456789, email:a@b.co or id:123.");
  }
  const [from, to] = [timeOf(given("from")), timeOf(given("to"))];
  if (Number.isNaN(from) || Number.isNaN(to)) {
    return refuse("`from` and `to` are times such as 2026-01-31T08:00:00Z, or milliseconds since the epoch.");
  }
  return {
    ok: true,
    filter: {
      ...(source === undefined ? {} : { source }),
      ...(type === undefined ? {} : { type }),
      ...(state === undefined ? {} : { state }),
      ...(contact === undefined ? {} : { contact }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
    },
  };
}

function refuse(message: string): Read {
  return { ok: false, message };
}

/** NaN where it is none. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
}
