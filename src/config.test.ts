import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

const minimal = { AELYST_API_TOKEN: "tok_123" };

function problems(env: Record<string, string>): readonly string[] {
  const result = readConfig(env);
  return result.ok ? [] : result.problems;
}

describe("defaults", () => {
  it("a token is all that is needed to serve on the embedded store", () => {
    const result = readConfig(minimal);
    expect(result).toMatchObject({
      ok: true,
      config: {
        api: {
          token: "tok_123",
          baseUrl: "https://api.aelyst.ai/v1",
          ratePerSecond: 10,
          timeoutMs: 10_000,
          requireFirstName: false,
          fields: "off",
        },
        proxies: { http: undefined, https: undefined, none: "" },
        store: { engine: "embedded", dataDir: "./data" },
        storePrefix: "relay",
        dataDir: "./data",
        spoolBytesMax: 268_435_456,
        host: "0.0.0.0",
        port: 3000,
        role: "all",
        bodyLimitBytes: 1_048_576,
        connectionsMax: 2_000,
        retentionMs: 604_800_000,
        retentionEvents: 100_000,
        deliveryMaxAgeMs: 259_200_000,
        busyDelayMs: 30_000,
        busyDelayMaxMs: 300_000,
        retryDelayMs: 1_000,
        retryDelayMaxMs: 300_000,
        authProbeMs: 30_000,
        notify: { urls: [], format: "auto", secret: undefined, behindMinutes: 60 },
        shutdownTimeoutMs: 20_000,
        logLevel: "info",
      },
    });
  });

  it("an empty variable counts as absent", () => {
    expect(readConfig({ ...minimal, PORT: "", REDIS_URL: " " })).toMatchObject({
      ok: true,
      config: { port: 3000, store: { engine: "embedded" } },
    });
  });

  it("the configuration cannot be changed after boot", () => {
    const result = readConfig(minimal);
    expect(result.ok && Object.isFrozen(result.config)).toBe(true);
  });
});

describe("proxies", () => {
  const proxiesOf = (env: Record<string, string>) => {
    const result = readConfig({ ...minimal, ...env });
    return result.ok ? result.config.proxies : result.problems;
  };

  it("are named in upper or lower case, which counts first unless it is empty", () => {
    expect(
      proxiesOf({
        HTTP_PROXY: "http://a:1",
        HTTPS_PROXY: "http://b:2",
        https_proxy: "https://u:p@c:3",
        no_proxy: "d, .e",
      }),
    ).toEqual({ http: "http://a:1/", https: "https://u:p@c:3/", none: "d, .e" });
    expect(proxiesOf({ HTTP_PROXY: "http://a:1", http_proxy: "", NO_PROXY: "*" })).toMatchObject({
      http: "http://a:1/",
      none: "*",
    });
  });

  it.each(["proxy:3128", "socks5://u:hunter2@proxy", "u:hunter2@proxy:3128", "http://u:hunter2%@proxy"])(
    "that cannot be used are problems, by the name that counts and without the password: %s",
    (url) => {
      const found = problems({ ...minimal, HTTPS_PROXY: "http://fine", https_proxy: url, HTTP_PROXY: url });
      expect(found).toHaveLength(2);
      expect(found.join("\n")).toMatch(/^https_proxy .*\nHTTP_PROXY /);
      expect(found.join()).not.toContain("hunter2");
    },
  );
});

describe("mistakes", () => {
  it("every problem is named at once", () => {
    const found = problems({
      AELYST_API_URL: "ftp://api.example.com",
      AELYST_RATE_LIMIT: "fast",
      PORT: "70000",
      ROLE: "boss",
      LOG_LEVEL: "loud",
      STORE_PREFIX: "Not An Identifier",
      AELYST_REQUIRE_FIRST_NAME: "maybe",
    });
    expect(found).toHaveLength(8);
    for (const name of [
      "TOKEN",
      "API_URL",
      "RATE_LIMIT",
      "PORT",
      "ROLE",
      "LOG_LEVEL",
      "STORE_PREFIX",
      "FIRST_NAME",
    ]) {
      expect(found.some((problem) => problem.includes(name))).toBe(true);
    }
  });

  it("two stores are one too many", () => {
    const both = { ...minimal, REDIS_URL: "redis://localhost", DATABASE_URL: "postgres://localhost/db" };
    expect(problems(both)).toEqual([expect.stringContaining("REDIS_URL and DATABASE_URL are both set")]);
  });

  it("a token for reading alone needs the one that turns reading on, and is another", () => {
    const alone = problems({ ...minimal, ADMIN_READ_TOKEN: "reader" });
    expect(alone).toEqual([expect.stringContaining("set ADMIN_TOKEN as well")]);
    const same = problems({ ...minimal, ADMIN_READ_TOKEN: "both", ADMIN_TOKEN: "both" });
    expect(same).toEqual([expect.stringContaining("is the same as ADMIN_TOKEN")]);
    expect(same.join()).not.toContain("both");
  });

  it("the embedded store allows only one role", () => {
    expect(problems({ ...minimal, ROLE: "worker" })).toEqual([
      expect.stringContaining("needs a shared store"),
    ]);
    expect(problems({ ...minimal, ROLE: "worker", REDIS_URL: "redis://localhost" })).toEqual([]);
  });

  it("a cap below its first delay is a mistake", () => {
    expect(problems({ ...minimal, BUSY_DELAY_MS: "1000", BUSY_DELAY_MAX_MS: "10" })).toHaveLength(1);
  });

  it.each(["1e3", "-1", "0x10", "10 ", "NaN", "Infinity"].filter((text) => text.trim() !== "10"))(
    "numbers are plain digits: %s is not one",
    (text) => {
      expect(problems({ ...minimal, PORT: text })).toHaveLength(1);
    },
  );

  it("a password in a URL never gets into a message", () => {
    const found = problems({ ...minimal, REDIS_URL: "http://user:hunter2@localhost" });
    expect(found).toHaveLength(1);
    expect(found.join()).not.toContain("hunter2");
  });

  it.each([
    ["redis://user:hunter2@a,b", "redis+sentinel://host1,host2/mymaster"],
    ["redis+sentinel://user:hunter2@a:26379", "must name the master"],
    ["redis://user:hunter2@localhost/zero", "number of a database"],
  ])("a REDIS_URL that cannot be read is a problem of the settings: %s", (url, expected) => {
    const found = problems({ ...minimal, REDIS_URL: url });
    expect(found).toEqual([expect.stringContaining(expected)]);
    expect(found.join()).toMatch(/^REDIS_URL /);
    expect(found.join()).not.toContain("hunter2");
  });

  it.each([
    ["NOTIFY_URL", "hooks.slack.com/hunter2", "must be a URL"],
    ["NOTIFY_URL", "https://a.example/hunter2, ftp://b.example", "must be a URL"],
    ["NOTIFY_URL", "https://user:hunter2@a.example", "must be a URL"],
    ["NOTIFY_URL", "https://a.example/1,", "must be a URL"],
    ["NOTIFY_URL", [1, 2, 3, 4, 5, 6].map((n) => `https://a.example/hunter2/${n}`).join(), "at most 5"],
    ["NOTIFY_SECRET", "hunter2", "must be whsec_"],
    ["NOTIFY_SECRET", "whsec_aHVudGVyMg==", "must be whsec_"],
    ["NOTIFY_FORMAT", "pager", "must be one of auto, json, slack, discord, teams"],
  ])("%s=%s is told of, once, and a secret in it is not repeated", (name, value, expected) => {
    const found = problems({ ...minimal, [name]: value });
    expect(found).toEqual([expect.stringContaining(expected)]);
    expect(found[0]).toMatch(new RegExp(`^${name} `));
    expect(found.join()).not.toContain("hunter2");
  });

  it("notices go to several addresses, each once", () => {
    const NOTIFY_URL = " https://hooks.slack.com/services/T/B/x , http://a.example/,http://a.example";
    expect(readConfig({ ...minimal, NOTIFY_URL })).toMatchObject({
      config: { notify: { urls: ["https://hooks.slack.com/services/T/B/x", "http://a.example/"] } },
    });
  });

  it("a Redis that evicts has to be allowed by name", () => {
    const redis = { ...minimal, REDIS_URL: "redis+cluster://a:7000,b:7001" };
    expect(readConfig(redis)).toMatchObject({ config: { store: { allowEviction: false } } });
    expect(readConfig({ ...redis, REDIS_ALLOW_EVICTION: "true" })).toMatchObject({
      config: { store: { allowEviction: true } },
    });
  });
});

describe("secrets as files", () => {
  const directory = mkdtempSync(join(tmpdir(), "secrets-"));
  const write = (name: string, content: string) => {
    const file = join(directory, name);
    writeFileSync(file, content);
    return file;
  };
  afterAll(() => rmSync(directory, { recursive: true }));

  it("a token, and an address with a password, without the line break at the end", () => {
    const env = {
      AELYST_API_TOKEN_FILE: write("token", "tok_456\r\n"),
      DATABASE_URL_FILE: write("url", "postgres://relay:hunter2@db/relay\n"),
      https_proxy_FILE: write("proxy", "http://proxy:3128\n"),
    };
    expect(readConfig(env)).toMatchObject({
      ok: true,
      config: { api: { token: "tok_456" }, store: { engine: "postgres" }, proxies: { https: undefined } },
    });
  });

  it.each([
    [
      "missing",
      { AELYST_API_TOKEN_FILE: join(directory, "none") },
      /^AELYST_API_TOKEN_FILE cannot be read: ENOENT/,
    ],
    ["empty", { AELYST_API_TOKEN_FILE: write("empty", " \n") }, /^AELYST_API_TOKEN_FILE names an empty file/],
    ["beside the variable", { ...minimal, AELYST_API_TOKEN_FILE: "x" }, /are both set: choose one$/],
  ])("%s: a problem that names the variable, and no second one", (_, env, expected) => {
    expect(problems(env)).toEqual([expect.stringMatching(expected)]);
  });

  it("what is no secret is not read from a file", () => {
    expect(problems({ ...minimal, PORT_FILE: write("port", "70000") })).toEqual([]);
  });
});

describe("a value that was pasted with what stood around it", () => {
  it("a token with Bearer is told so, and never repeated", () => {
    const found = problems({ AELYST_API_TOKEN: "Bearer hunter2" });
    expect(found).toEqual(['AELYST_API_TOKEN begins with "Bearer": give the token alone']);
  });

  it("quotes are told as quotes, once for each variable", () => {
    const found = problems({
      AELYST_API_TOKEN: '"hunter2"',
      PORT: "'3000'",
      REDIS_URL: '"redis://a:hunter2@b"',
    });
    expect(found).toEqual([
      "AELYST_API_TOKEN is in quotes: give the value without them",
      "REDIS_URL is in quotes: give the value without them",
      "PORT is in quotes: give the value without them",
    ]);
  });
});
