import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDirectory } from "./directory-lock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "relay-lock-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const locks = () => readdirSync(directory).filter((file) => file.endsWith(".lock"));
const here = process.platform === "linux" ? readlinkSync("/proc/self/ns/pid") : "";

function leaveLock(owner: unknown): string {
  const path = join(directory, "relay-0000.lock");
  writeFileSync(path, typeof owner === "string" ? owner : JSON.stringify(owner));
  return path;
}

function deadPid(): number {
  return spawnSync(process.execPath, ["-e", ""]).pid;
}

describe("the lock of a data directory", () => {
  it("is refused to a second taker while the first one lives, with a message that names it", async () => {
    const first = await lockDirectory(directory);
    expect(first.ok).toBe(true);
    const second = await lockDirectory(directory);
    expect(second).toMatchObject({ ok: false, message: expect.stringContaining(`process ${process.pid};`) });
    expect(locks()).toHaveLength(1);
    if (first.ok) first.release();
    const third = await lockDirectory(directory);
    expect(third.ok).toBe(true);
    if (third.ok) third.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  it.each([
    ["whose process has died", () => ({ pid: deadPid(), startedAt: "x", namespace: here })],
    ["whose process id was used again", () => ({ pid: process.pid, startedAt: "x 1", namespace: here })],
    ["that was cut off by a power cut", () => ""],
    ["that is not one of ours", () => `{"pid":"1"}`],
  ])("is taken over from one %s", async (_what, owner) => {
    leaveLock(owner());
    const lock = await lockDirectory(directory);
    expect(lock.ok).toBe(true);
    expect(locks()).not.toContain("relay-0000.lock");
    if (lock.ok) lock.release();
  });

  it.runIf(process.platform === "linux")(
    "is taken over from one that has ended but was not asked for by its parent",
    async () => {
      const parent = spawn("sh", ["-c", "sleep 0.2 & echo $!; exec sleep 60"]);
      try {
        const [text] = await once(parent.stdout, "data");
        const pid = Number(String(text));
        const isZombie = () => readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
        while (!isZombie()) await new Promise((resolve) => setTimeout(resolve, 5));
        leaveLock({ pid, startedAt: "", namespace: here });
        const lock = await lockDirectory(directory);
        expect(lock.ok).toBe(true);
        if (lock.ok) lock.release();
      } finally {
        parent.kill("SIGKILL");
      }
    },
  );

  it("of takers that find a dead one's lock together at most one gets it", async () => {
    leaveLock({ pid: deadPid(), startedAt: "x", namespace: here });
    const taken = await Promise.all(Array.from({ length: 8 }, () => lockDirectory(directory)));
    expect(taken.filter((lock) => lock.ok).length).toBeLessThanOrEqual(1);
    for (const lock of taken) if (lock.ok) lock.release();
  });

  it("of another container is respected while it is kept fresh, whatever its process id means here", async () => {
    const path = leaveLock({ pid: deadPid(), startedAt: "x", namespace: "pid:[1]" });
    let at = 1_000;
    const owner = setInterval(() => utimesSync(path, (at += 1), at), 50);
    try {
      expect(await lockDirectory(directory, 2_000)).toMatchObject({
        ok: false,
        message: expect.stringContaining("of another container"),
      });
    } finally {
      clearInterval(owner);
    }
    expect(locks()).toEqual(["relay-0000.lock"]);
  });

  it("of another container that is not kept fresh any more is taken over", async () => {
    leaveLock({ pid: process.pid, startedAt: "x", namespace: "pid:[1]" });
    const lock = await lockDirectory(directory, 600);
    expect(lock.ok).toBe(true);
    if (lock.ok) lock.release();
  });

  it("is kept fresh as long as it is held", async () => {
    const lock = await lockDirectory(directory);
    const [name = ""] = locks();
    utimesSync(join(directory, name), 1, 1);
    leaveLock({ pid: process.pid, startedAt: "x", namespace: "pid:[1]" });
    const other = await lockDirectory(directory, 1_500);
    expect(other.ok).toBe(false);
    if (lock.ok) lock.release();
  });

  it("a directory that cannot be made is a message, not an exception", async () => {
    const file = join(directory, "file");
    writeFileSync(file, "");
    expect(await lockDirectory(join(file, "data"))).toMatchObject({ ok: false });
  });
});
