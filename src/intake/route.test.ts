import { expect, it } from "vitest";
import type { RelayEvent } from "../contact/event.ts";
import { acceptByRoute } from "./route.ts";

const event = (id: string, source: string) => ({ id, source }) as RelayEvent;

function log(name: string, refuses = false) {
  const taken: string[] = [];
  return {
    taken,
    async accept(events: readonly RelayEvent[]) {
      if (refuses) throw new Error(`${name} is away`);
      taken.push(...events.map(({ id }) => id));
      return events.map(({ id }) => ({ id: `${name}-${id}`, duplicate: false }));
    },
  };
}

it("each event goes where its source belongs, and the answers come in the order of the events", async () => {
  const [a, b] = [log("a"), log("b")];
  const accept = acceptByRoute((source) => (source === "shop" ? a : b));
  const events = [event("1", "shop"), event("2", "form"), event("3", "shop"), event("4", "form")];
  expect((await accept(events)).map(({ id }) => id)).toEqual(["a-1", "b-2", "a-3", "b-4"]);
  expect([a.taken, b.taken]).toEqual([
    ["1", "3"],
    ["2", "4"],
  ]);
  expect(await accept([])).toEqual([]);
});

it("where one of them is away nothing counts as accepted: whoever sent it sends it again", async () => {
  const [a, b] = [log("a"), log("b", true)];
  const accept = acceptByRoute((source) => (source === "shop" ? a : b));
  await expect(accept([event("1", "shop"), event("2", "form")])).rejects.toThrow("b is away");
});
