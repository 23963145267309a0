import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Provider } from "../../providers/provider.ts";
import { findProvider, providers } from "../../providers/registry.ts";
import { readCorpus, typeInName } from "./files.ts";
import { corpusReport, corpusText, type CorpusReport } from "./report.ts";
import { runCorpus, type FileOutcome } from "./run.ts";
import { corpus } from "./corpus.ts";

const now = Date.UTC(2026, 2, 14, 9, 30);
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "relay-corpus-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(path: string, content: string | object): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), typeof content === "string" ? content : JSON.stringify(content));
}

function provider(name: string): Provider {
  const found = findProvider(name);
  if (!found) throw new Error(`no provider ${name}`);
  return found;
}

async function outcomes(known: readonly Provider[] = providers): Promise<FileOutcome[]> {
  const result = await runCorpus(await readCorpus(folder), known, () => now);
  return result.providers.flatMap(({ files }) => files);
}

async function run(...flags: "json"[]) {
  let out = "";
  let err = "";
  const io = {
    env: {},
    out: (text: string) => void (out += text),
    err: (text: string) => void (err += text),
    color: false,
    stopRequested: new Promise<string>(() => {}),
  };
  const code = await corpus({ folder, json: flags.includes("json") }, io);
  return { code, out, err };
}

const customer = { id: 1, email: "siti@example.com", first_name: "Siti" };

describe("what may never happen is found", () => {
  beforeEach(() => put("shopify/customers.create.json", customer));

  it.each([
    [
      "a throw while reading",
      {
        parse() {
          throw new Error("parse broke");
        },
      },
      /503.*parse broke/,
    ],
    [
      "a throw while signing",
      {
        sign() {
          throw new Error("sign broke");
        },
      },
      /sign broke/,
    ],
    ["a proof of its own that is not taken", { verify: () => ({ ok: false, reason: "never" }) }, /401/],
  ] satisfies [string, Partial<Provider>, RegExp][])("%s is broken", async (_name, change, message) => {
    const [outcome] = await outcomes([{ ...provider("shopify"), ...change }]);
    expect(outcome).toMatchObject({ kind: "broken", message: expect.stringMatching(message) });
  });

  it("a throw while mapping is failed", async () => {
    const map = () => {
      throw new Error("map broke");
    };
    expect(await outcomes([{ ...provider("shopify"), map }])).toMatchObject([
      { kind: "events", events: [{ kind: "failed", message: expect.stringMatching(/map broke/) }] },
    ]);
  });
});

it("one file that is broken, or one event that failed, makes the whole corpus unsound", () => {
  const files: FileOutcome[] = [{ path: "a.json", kind: "ignored", reason: "ping" }];
  const reportWith = (...more: FileOutcome[]) =>
    corpusReport({ providers: [{ provider: "shopify", files: [...files, ...more] }], skipped: [] });
  expect(reportWith().sound).toBe(true);
  const brokenReport = reportWith({ path: "b.json", kind: "broken", message: "it broke" });
  expect(brokenReport.sound).toBe(false);
  expect(corpusText(brokenReport)).toMatch(/BROKEN +1 +it broke[\s\S]*1 FAILED/);
  const failed = { type: "orders/create", kind: "failed", message: "it failed" } as const;
  expect(reportWith({ path: "c.json", kind: "events", events: [failed] }).sound).toBe(false);
});

describe("every sample of every provider, written to a file, goes the whole way", () => {
  const extensions: Readonly<Record<string, string>> = {
    "application/x-www-form-urlencoded": "urlencoded",
    "multipart/form-data": "multipart",
  };

  it.each(providers.map((one) => [one.name, one] as const))("%s", async (name, { samples, mapping }) => {
    for (const sample of samples) {
      const type = sample.headers["content-type"]?.split(";")[0] ?? "";
      const extension = extensions[type] ?? "json";
      const written = extension === "json" ? { headers: sample.headers, body: sample.body } : sample.body;
      put(`${name}/${sample.name}.${extension}`, written);
    }
    const found = await outcomes();
    expect(found).toHaveLength(samples.length);
    // Of what is never mapped nothing is kept.
    const kind = mapping === "never" ? "ignored" : "events";
    for (const outcome of found) expect(outcome.kind, JSON.stringify(outcome)).toBe(kind);
  });
});

describe("files", () => {
  it("a name may carry the type, where the sender puts it into a header", async () => {
    expect(typeInName("shopify/a.b/2024-10__customers_marketing_consent.update.json")).toBe(
      "customers_marketing_consent.update",
    );
    expect(typeInName("shopify/order.json")).toBeUndefined();
    expect(typeInName("cloudevents/01.json")).toBeUndefined();
    put("shopify/2024-10__customers.create.json", customer);
    put("woocommerce/customer.created.json", customer);
    expect(await outcomes()).toMatchObject([
      { events: [{ kind: "mapped", type: "customers/create", fields: ["firstName", "email"] }] },
      { events: [{ type: "customer.created" }] },
    ]);
  });

  it("a recorded request is posted with its own headers, under a proof of its own", async () => {
    const headers = {
      "X-Shopify-Topic": "customers/update",
      "X-Shopify-Hmac-Sha256": "old",
      "Content-Length": "3",
    };
    put("shopify/recorded.json", { headers, body: customer });
    expect(await outcomes()).toMatchObject([{ events: [{ kind: "mapped", type: "customers/update" }] }]);
  });

  it("a request as it is on the wire is posted as it is, and a handshake is answered", async () => {
    const event = '{"specversion":"1.0","type":"t","source":"/s","id":"1","data":{"email":"a@example.com"}}';
    const head =
      "POST /events HTTP/1.1\r\nHost: relay.example\r\nContent-Type: application/cloudevents-batch+json";
    put("cloudevents/batch.http", `${head}\r\n\r\n[${event},${event.replace('"1"', '"2"')}]`);
    put("cloudevents/options.http", "OPTIONS / HTTP/1.1\nWebHook-Request-Origin: sender.example\n\n");
    put("cloudevents/structured.json", event);
    put("cloudevents/batch.json", `[${event}]`);
    const found = await outcomes();
    expect(found.map(({ path, kind }) => [path, kind])).toEqual([
      ["cloudevents/batch.http", "events"],
      ["cloudevents/batch.json", "events"],
      ["cloudevents/options.http", "answered"],
      ["cloudevents/structured.json", "events"],
    ]);
    expect(found[0]).toMatchObject({ events: [{ kind: "mapped" }, { kind: "mapped" }] });
  });

  it("what is no request is told in plain words", async () => {
    put("stripe/list.json", [{ id: 1 }]);
    put("stripe/bare.json", { id: "cus_1", object: "customer" });
    put("stripe/text.json", "no JSON at all");
    put("stripe/word.json", '"word"');
    put("shopify/wrapped.json", { wrapped: { customer } });
    put("shopify/lists.json", { customers: [customer] });
    expect(Object.fromEntries((await outcomes()).map(({ path, note }) => [path, note]))).toEqual({
      "shopify/lists.json": "a list below its only key, not the body of one request",
      "shopify/wrapped.json": "a resource below its only key, as an API answers it",
      "stripe/bare.json": "a bare resource, not an event",
      "stripe/list.json": "a list, not the body of one request",
      "stripe/text.json": "no JSON",
      "stripe/word.json": "a single value, not the body of a request",
    });
  });
});

describe("the command", () => {
  it("a folder that names no provider is skipped, and said so", async () => {
    put("nobody/a.json", customer);
    put("a.json", customer);
    put("shopify/customers.create.json", customer);
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toContain("skipped: nobody/, 1 file: no provider is named so");
    expect(out).toContain("skipped: beside the folders, 1 file");
    expect(out).toContain("shopify: 1 file, 1 event\n  mapped            1  firstName, email\n");
    expect(out).toContain("1 file, 1 event: 1 mapped, nothing failed");
  });

  it("the same as JSON, with every file", async () => {
    put("shopify/customers.create.json", customer);
    put("shopify/carts.create.json", { id: 1, note: "ask siti", attributes: { to: "siti@example.com" } });
    const { code, out } = await run("json");
    expect(code).toBe(0);
    const report = JSON.parse(out) as CorpusReport & { outcomes: unknown };
    expect(report).toMatchObject({
      sound: true,
      providers: [
        {
          provider: "shopify",
          files: 2,
          mapped: 1,
          fields: { email: 1 },
          ignored: { "no-identifier": 1 },
          overlooked: ["shopify/carts.create.json"],
        },
      ],
    });
    expect(report.outcomes).toMatchObject([{ files: [{ path: "shopify/carts.create.json" }, {}] }]);
  });

  it("a folder that is not there, or has no payloads, is bad usage", async () => {
    put("shopify/README.md", "nothing");
    expect(await run()).toMatchObject({ code: 2, err: expect.stringMatching(/no payloads below/) });
    rmSync(folder, { recursive: true });
    expect(await run()).toMatchObject({ code: 2, err: expect.stringMatching(/ENOENT/) });
  });
});
