import { expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import { createSweep, sweepAgeMs } from "./sweep.ts";

it("reaches every contact that has waited for long, however many of them are woken in vain, and then begins anew", async () => {
  const waiting = Array.from({ length: 2_500 }, (_, index): ContactRef => `id:${index + 1}`);
  let woken: ContactRef[] = [];
  const asked: number[] = [];
  const sweep = createSweep(
    {
      mailbox: {
        async overdue(postedBefore, limit, skip = 0) {
          asked.push(postedBefore);
          return waiting.slice(skip, skip + limit);
        },
      },
      wake: async (contact) => void woken.push(contact),
    },
    () => 100_000,
  );
  for (let call = 0; call < 3; call += 1) await sweep();
  expect(woken).toEqual(waiting);
  expect(asked[0]).toBe(100_000 - sweepAgeMs);
  woken = [];
  await sweep();
  expect(woken).toEqual(waiting.slice(0, 1_000));
});
