import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sampleOptions } from "../../../test/helpers/store-samples.ts";
import { createScrubber } from "./scrubber.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "relay-scrub-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

it("a scrub that is stopped on the way ends with its statement, and is still due", async () => {
  const due = join(directory, "scrub-due");
  writeFileSync(due, "");
  const asked: string[] = [];
  let stopping: Promise<void> | undefined;
  let began: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (began = resolve));
  const pool = {
    async query(text: string) {
      asked.push(text);
      stopping = scrubber.stop();
      began();
      return { rows: [] };
    },
  };
  const scrubber = createScrubber(
    pool,
    directory,
    { ...sampleOptions(), prefixes: [sampleOptions().prefix] },
    () => 0,
  );
  await begun;
  await stopping;
  expect(asked).toHaveLength(1);
  expect(existsSync(due)).toBe(true);
});
