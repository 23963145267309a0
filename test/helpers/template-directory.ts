import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const templateVariable = "EMBEDDED_TEMPLATE_DIR";

/** vitest's globalSetup: a place for what the test files of one run share. */
export default function setup(): () => void {
  const directory = mkdtempSync(join(tmpdir(), "relay-template-"));
  process.env[templateVariable] = directory;
  return () => rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
