import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { schema } from "./schema.ts";
import { settingsInForce, strayVariables } from "./settings.ts";

const directory = mkdtempSync(join(tmpdir(), "settings-"));
const write = (name: string, content: string) => {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
};
afterAll(() => rmSync(directory, { recursive: true }));

describe("what is in force", () => {
  const file = write("secret", "shop-secret-hunter2\n");
  const settings = settingsInForce({
    env: {
      AELYST_API_TOKEN: "tok_hunter2",
      PORT: "4000",
      HOST: " ",
      DATABASE_URL: "postgres://relay:hunter2@db:5432/relay?password=hunter2",
      ADMIN_TOKEN: "hunter2",
      NOTIFY_URL: "https://hooks.slack.com/services/hunter2, https://a.example:8443/x?key=hunter2,hunter2",
      SHOPIFY_WEBHOOK_SECRET_FILE: file,
      PUBLIC_URL: "https://hooks.example.com",
    },
    dotEnv: new Set(["PORT"]),
  });
  const of = (name: string) => settings.find((setting) => setting.name === name);

  it("names where each setting came from", () => {
    expect(of("PORT")).toEqual({ name: "PORT", value: "4000", from: ".env", isSecret: false });
    expect(of("HOST")).toEqual({ name: "HOST", value: "0.0.0.0", from: "default", isSecret: false });
    expect(of("REDIS_URL")).toEqual({ name: "REDIS_URL", value: null, from: "not set", isSecret: true });
    expect(of("SHOPIFY_WEBHOOK_SECRET")).toMatchObject({ from: file });
    expect(of("PUBLIC_URL")).toMatchObject({ value: "https://hooks.example.com", from: "environment" });
    expect(of("STRIPE_WEBHOOK_SECRET")).toBeUndefined();
  });

  it("never shows a secret, and of an address all but its password", () => {
    expect(JSON.stringify(settings)).not.toContain("hunter2");
    expect(of("AELYST_API_TOKEN")?.value).toBe("*** (11 characters)");
    const broken = { REDIS_URL: "redis://relay:hunter2/x@host", HTTPS_PROXY: "http://:hunter2@proxy:1" };
    expect(JSON.stringify(settingsInForce({ env: broken }))).not.toContain("hunter2");
    expect(of("NOTIFY_URL")?.value).toBe("https://hooks.slack.com/***,https://a.example:8443/***,***");
    expect(of("DATABASE_URL")?.value).toBe("postgres://relay:***@db:5432/relay");
  });
});

describe("variables that look like settings", () => {
  it("are told of, unless the sources file names them", async () => {
    const sources = write("sources.yaml", 'sources: { a: { provider: form, key: "${FORM_KEYS}" } }');
    const env = { AELYST_TOKEN: "t", FORM_KEYS: "k" };
    expect(await strayVariables(env)).toHaveLength(2);
    expect(await strayVariables({ ...env, SOURCES_FILE: sources })).toEqual([
      expect.stringContaining("AELYST_TOKEN is not a setting"),
    ]);
  });
});

describe("the printed schema of the settings", () => {
  let printed = "";
  const io = {
    env: {},
    err: () => undefined,
    color: false,
    stopRequested: new Promise<string>(() => undefined),
  };
  schema("settings", { ...io, out: (text) => (printed += text) });
  const validate = new Ajv2020({ allErrors: true }).compile(JSON.parse(printed) as object);

  it("takes what is right, a secret as a file too", () => {
    expect(validate({ AELYST_API_TOKEN: "t", PORT: 3000, ROLE: "worker", PATH: "/bin" })).toBe(true);
    expect(validate({ AELYST_API_TOKEN_FILE: "/run/secrets/token", SHOPIFY_WEBHOOK_SECRET: "s" })).toBe(true);
  });

  it.each([
    [{}],
    [{ AELYST_API_TOKEN: "t", PORT: 70_000 }],
    [{ AELYST_API_TOKEN: "t", ROLE: "boss" }],
    [{ AELYST_API_TOKEN: "t", REDIS_ALLOW_EVICTION: "maybe" }],
    [{ AELYST_API_TOKEN: "t", RETENTION_HOURS: -1 }],
  ])("refuses %j", (settings) => {
    expect(validate(settings)).toBe(false);
  });
});
