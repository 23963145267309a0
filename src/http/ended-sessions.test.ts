import { beforeEach, expect, it } from "vitest";
import { createEndedSessions } from "./ended-sessions.ts";

let now = 0;
let ended: Set<string>;
let questions: string[];

beforeEach(() => {
  now = 5_000;
  ended = new Set();
  questions = [];
});

const signOuts = {
  has(id: string) {
    questions.push(id);
    return Promise.resolve(ended.has(id));
  },
};

it("the store is asked once for a session and second, however many ask at once", async () => {
  const hasEnded = createEndedSessions(signOuts, () => now);
  expect(await Promise.all([hasEnded("a"), hasEnded("a"), hasEnded("b")])).toEqual([false, false, false]);
  now += 999;
  expect(await hasEnded("a")).toBe(false);
  expect(questions).toEqual(["a", "b"]);
  now += 1;
  await hasEnded("a");
  expect(questions).toEqual(["a", "b", "a"]);
});

it("a sign-out in another process is heard of within a second, and never forgotten by it", async () => {
  const hasEnded = createEndedSessions(signOuts, () => now);
  expect(await hasEnded("a")).toBe(false);
  ended.add("a");
  now += 1_000;
  expect(await hasEnded("a")).toBe(true);
  now += 500;
  expect(await hasEnded("a")).toBe(true);
  now += 3_600_000;
  expect(await hasEnded("a")).toBe(true);
});

it("a store that is away ends nobody's session, and is asked again a second later", async () => {
  let isAway = true;
  const away = { has: (id: string) => (isAway ? Promise.reject(new Error("away")) : signOuts.has(id)) };
  const hasEnded = createEndedSessions(away, () => now);
  ended.add("a");
  expect(await hasEnded("a")).toBe(false);
  isAway = false;
  now += 1_000;
  expect(await hasEnded("a")).toBe(true);
  expect(await createEndedSessions(undefined, () => now)("a")).toBe(false);
});

it("however many sessions there are, one that was ended is refused", async () => {
  const hasEnded = createEndedSessions(signOuts, () => now);
  ended.add("session 1500");
  for (let at = 0; at < 2_000; at += 1) expect(await hasEnded(`session ${at}`)).toBe(at === 1_500);
  expect(await hasEnded("session 1500")).toBe(true);
});
