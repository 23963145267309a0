import { expect, it } from "vitest";
import { isLong } from "../helpers/length.ts";
import { namesOfPerson, runWorld, type World, type WorldOptions } from "./world.ts";

/** `SIMULATION_SEED` replays one history; `SIMULATION_HISTORIES` runs more of them. */
const onlySeed = process.env["SIMULATION_SEED"];
const histories = Number(process.env["SIMULATION_HISTORIES"] ?? (isLong ? 1_000 : 100));
const seeds =
  onlySeed === undefined ? Array.from({ length: histories }, (_, index) => index + 1) : [Number(onlySeed)];

function shapeOf(seed: number, people: WorldOptions["people"]): WorldOptions {
  return {
    seed,
    contacts: 1 + (seed % 2),
    events: 6 + (seed % 15),
    crashes: seed % 4,
    trouble: [0, 0.2, 0.5][seed % 3] ?? 0,
    ...(people ? { people } : {}),
  };
}

/** The newest value of each field among all that was said of a person by any name. */
function newest(world: World, person: number): Record<string, unknown> {
  const names: readonly string[] = namesOfPerson(person);
  return Object.assign(
    {},
    ...world.updates
      .filter(({ update }) => names.includes(update.contact))
      .toSorted((a, b) => (a.update.stamp < b.update.stamp ? -1 : 1))
      .map(({ update }) => update.patch),
  ) as Record<string, unknown>;
}

it(
  "whatever name an event has, the newest value of each field wins per person",
  { timeout: 900_000 },
  async () => {
    for (const seed of seeds) {
      const told = `SIMULATION_SEED=${seed} replays this history`;
      const shape = shapeOf(seed, { carried: false, known: () => true });
      const world = await runWorld(shape);
      for (let person = 1; person <= shape.contacts; person += 1) {
        const { phone, email, ...actual } = Object.fromEntries(
          world.book.find(namesOfPerson(person)[0])?.fields ?? [],
        );
        expect([`phone:${phone}`, `email:${email}`], told).toEqual([...namesOfPerson(person)]);
        expect(actual, told).toEqual(newest(world, person));
      }
      expect(world.stillWaiting, told).toBe(0);
      expect(world.parked, told).toEqual([]);
      expect(world.overlapping, told).toEqual([]);
    }
  },
);

it("one who does not exist is created once, with the newest values", { timeout: 900_000 }, async () => {
  for (const seed of seeds) {
    const told = `SIMULATION_SEED=${seed} replays this history`;
    const shape = shapeOf(seed, { carried: true, known: (person) => person % 2 === 0 });
    const world = await runWorld(shape);
    for (let person = 1; person <= shape.contacts; person += 1) {
      const expected = newest(world, person);
      const isNameless = expected["firstName"] === undefined && person % 2 === 1;
      const found = namesOfPerson(person).map(world.book.find);
      expect(new Set(found).size, `one contact; ${told}`).toBe(1);
      if (isNameless) expect(found[0], `no name was made up; ${told}`).toBeUndefined();
      else if (Object.keys(expected).length > 0) {
        expect(Object.fromEntries(found[0]?.fields ?? []), told).toEqual(expected);
      }
    }
    const beginners = world.book.all().filter(({ fields }) => !fields.has("firstName") && fields.size === 0);
    expect(beginners, told).toEqual([]);
  }
});

it(
  "contacts that are merged or split at the API keep their newest values: what is newer than all before wins",
  { timeout: 900_000 },
  async () => {
    for (const seed of seeds) {
      const told = `SIMULATION_SEED=${seed} replays this history`;
      const [one, two] = [namesOfPerson(1), namesOfPerson(2)];
      const changes = [
        {
          afterMs: 15_000,
          change: (book: World["book"]) => (seed % 2 === 0 ? book.merge(one[0], two[0]) : book.split(one[1])),
        },
        { afterMs: 35_000, change: (book: World["book"]) => seed % 3 === 0 && book.split(one[1]) },
      ];
      const shape = {
        ...shapeOf(seed, { carried: false, known: () => true, changes }),
        contacts: 2,
        events: 25,
      };
      const world = await runWorld(shape);
      const all: readonly string[] = [...one, ...two];
      const lastChangeMs = world.startedAt + 36_000;
      const byField = new Map<string, World["updates"][number]>();
      for (const entry of world.updates) {
        for (const field of Object.keys(entry.update.patch)) {
          const known = byField.get(field);
          if (!known || known.update.stamp < entry.update.stamp) byField.set(field, entry);
        }
      }
      for (const [field, { update, arrivesAt }] of byField) {
        const contact = world.book.find(update.contact);
        if (arrivesAt < lastChangeMs || !contact || !all.includes(update.contact)) continue;
        expect(contact.fields.get(field), `${field}; ${told}`).toEqual(
          Object.entries(update.patch).find(([name]) => name === field)?.[1],
        );
      }
      expect(world.overlapping, told).toEqual([]);
    }
  },
);
