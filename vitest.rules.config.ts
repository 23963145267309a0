import { defineConfig } from "vitest/config";

/** The part of the suite that `npm run verify` runs too: import boundaries and documents. */
export default defineConfig({
  test: { include: ["test/rules/**/*.test.ts"], retry: 0 },
});
