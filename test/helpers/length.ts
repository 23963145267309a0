import { describe, it } from "vitest";

/**
 * `npm run test:storms` asks for everything in it at full length; `npm test` has the tests of each kind that fit into a
 * few minutes, in a short form.
 */
export const isLong = process.env["TEST_LENGTH"] === "long";

/** A test that only `npm run test:storms` has. */
export function longTest(name: string, options: { timeout?: number }, body: () => Promise<void>): void {
  if (isLong) it(name, options, body);
}

/** A group of them; skipped, where `isThere` says so, only at full length. */
export function longDescribe(name: string, isThere: boolean, body: () => void): void {
  if (isLong) describe.skipIf(!isThere)(name, body);
}
