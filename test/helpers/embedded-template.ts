import { constants, cpSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openEmbeddedStore } from "../../src/store/postgres/embedded.ts";
import { sampleOptions } from "./store-samples.ts";
import { templateVariable } from "./template-directory.ts";

/**
 * Puts an embedded database with nothing in it where there is none yet: a copy of one that is made once per run, as
 * making one takes seconds. What a first start itself does is tested in src/store/postgres/initialize.test.ts.
 */
export async function placeDatabase(dataDir: string): Promise<void> {
  if (existsSync(join(dataDir, "pg"))) return;
  const template = await madeTemplate();
  mkdirSync(dataDir, { recursive: true });
  cpSync(template, join(dataDir, "pg"), { recursive: true, mode: constants.COPYFILE_FICLONE });
}

async function madeTemplate(): Promise<string> {
  const directory = process.env[templateVariable];
  if (directory === undefined) throw new Error("the template's directory comes from vitest's globalSetup");
  const template = join(directory, "pg");
  if (existsSync(template)) return template;
  const making = mkdtempSync(join(directory, "making-"));
  const opened = await openEmbeddedStore(making, sampleOptions({ prefix: "template" }));
  if (!opened.ok) throw new Error(opened.message);
  await opened.store.close(5_000);
  try {
    renameSync(join(making, "pg"), template);
  } catch (error) {
    // Another test file was quicker.
    if (!existsSync(template)) throw error;
  }
  rmSync(making, { recursive: true });
  return template;
}
