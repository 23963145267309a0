import { defineConfig } from "vitest/config";

/** `npm run test:storms`: what takes long, at full length: `*.storm.test.ts`, which `npm test` has not, and these suites. */
export default defineConfig({
  test: {
    include: [
      "test/{bus,chaos,destinations,fuzz,growth,guarantees,outages,replays,scale-out,simulation}/**/*.test.ts",
      "test/**/*.storm.test.ts",
    ],
    env: { TEST_LENGTH: "long" },
    globalSetup: "test/helpers/template-directory.ts",
    retry: 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
