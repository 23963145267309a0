import { describe, expect, it } from "vitest";
import type { Io } from "./io.ts";
import type { ReplayAnswer } from "../http/schemas/replays.ts";
import { replay, watchReplay, type ReplayOptions } from "./replay.ts";

const asked: ReplayOptions = { dryRun: false, yes: true, wait: false, json: false };

function badUsage() {
  const said: string[] = [];
  const io: Io = {
    env: {},
    out: (text) => void said.push(`out: ${text}`),
    err: (text) => void said.push(text),
    color: false,
    stopRequested: new Promise(() => undefined),
  };
  return { io, said };
}

describe("a replay that cannot be meant is refused before a store is opened", () => {
  it.each([
    [[], {}, /^name what to replay: ids, or --from/],
    [[], { share: 0.5 }, /^name what to replay/],
    [[], { from: "soon" }, /^--from: "soon" is no time: give an ISO time/],
    [[], { source: "form", to: "31.01.2026" }, /^--to: "31.01.2026" is no time/],
    [["evt_1"], { source: "form" }, /^name events by their ids, or by a filter/],
    [["evt_1"], { dryRun: true }, /^name events by their ids/],
  ] as const)("%j %j", async (ids, options, message) => {
    const { io, said } = badUsage();
    expect(await replay(ids, { ...asked, ...options }, io)).toBe(2);
    expect(said).toEqual([expect.stringMatching(message)]);
  });
});

describe("a replay that is followed", () => {
  const made: ReplayAnswer = {
    id: "rpl_1",
    state: "running",
    filter: { to: "2026-03-01T00:00:00.000Z" },
    share: 0.2,
    of: 40,
    replayed: 10,
    skipped: { gone: 2 },
    failed: 0,
    rate: 2,
    estimateSeconds: 14,
    createdAt: "2026-03-01T00:00:00.000Z",
    by: "operator",
  };
  const later: ReplayAnswer[] = [
    { ...made, replayed: 20, estimateSeconds: 9 },
    { ...made, replayed: 38, state: "done", estimateSeconds: 0 },
  ];

  async function follow(terminal: boolean, json = false) {
    const { io, said } = badUsage();
    const answers = [...later];
    const operator = { replayOf: () => Promise.resolve(answers.shift()) };
    const here = terminal ? { ...io, terminal: { columns: () => 80 } } : io;
    return { code: await watchReplay(made, json, operator, here, () => Promise.resolve()), said };
  }

  it("is a line that moves on a terminal, and ends with a plain one", async () => {
    const { code, said } = await follow(true);
    expect(code).toBe(0);
    expect(said[0]).toBe("\r\u001b[2K██████░░░░░░░░░░░░░░  30 %  12 of 40  2/s, done in about 14 s");
    expect(said.filter((text) => text.startsWith("out: "))).toEqual([said.at(-1)]);
    expect(said.at(-2)).toBe("\r\u001b[2K");
    expect(said.at(-1)).toMatch(/^out: rpl_1 .* done .*38 of 40/);
    expect(said.at(-1)).not.toContain("\u001b");
  });

  it("is a line for each change where it is piped", async () => {
    const { said } = await follow(false);
    expect(said).toEqual([
      expect.stringMatching(/^out: rpl_1 .*20 of 40/),
      expect.stringMatching(/^out: rpl_1 .* done /),
    ]);
  });

  it("is its last answer as JSON", async () => {
    const { said } = await follow(true, true);
    expect(said).toHaveLength(1);
    expect(JSON.parse(said[0]?.slice("out: ".length) ?? "")).toMatchObject({ id: "rpl_1", state: "done" });
  });
});
