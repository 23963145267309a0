import { configDefaults, defineConfig } from "vitest/config";

/** `npm test`: a few minutes, with something of each kind; the suites of vitest.storms.config.ts in a short form. */
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, "test/**/*.storm.test.ts"],
    globalSetup: "test/helpers/template-directory.ts",
    retry: 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
