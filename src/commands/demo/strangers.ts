import { setTimeout as wait } from "node:timers/promises";
import type { Sandbox } from "../../sandbox/sandbox.ts";

/** A lead whom the API has never heard of: it is created by its name. */
export const lead = { firstName: "Mei", email: "mei.tan@example.com", phone: "+60123457001" } as const;
/** One who left no name: it waits until a first message brings the contact. */
export const guest = { email: "lena.fischer@example.com", firstName: "Lena" } as const;

/** How one contact came to be at the API. */
export interface Appeared {
  readonly contact: string;
  readonly how: "created" | "told";
  /** Method and status of each of its requests, in order. */
  readonly requests: readonly string[];
}

const lookEveryMs = 50;
/** Long enough for it to be waited for, as it would be for a person's first message. */
const untilMessageMs = 400;

/** The guest writes a first message once the relay has asked for them in vain. */
export async function writeFirstMessage(sandbox: Sandbox, signal: AbortSignal): Promise<void> {
  const isAskedFor = () =>
    sandbox.requests().some(({ contact, status }) => contact === `email:${guest.email}` && status === 404);
  try {
    while (!isAskedFor()) await wait(lookEveryMs, undefined, { signal });
    await wait(untilMessageMs, undefined, { signal });
    sandbox.create({ firstName: guest.firstName, email: guest.email });
  } catch {
    // The demo ended first, and says what is missing.
  }
}

/** What the API was asked about the two, and what it said. */
export function howTheyAppeared(sandbox: Sandbox): readonly Appeared[] {
  const requestsOf = (...references: string[]) =>
    sandbox
      .requests()
      .filter(({ contact }) => contact !== undefined && references.includes(contact))
      .map(({ method, status }) => `${method} ${status}`);
  return [
    {
      contact: `phone:${lead.phone}`,
      how: "created",
      requests: requestsOf(`phone:${lead.phone}`, `email:${lead.email}`),
    },
    { contact: `email:${guest.email}`, how: "told", requests: requestsOf(`email:${guest.email}`) },
  ];
}
