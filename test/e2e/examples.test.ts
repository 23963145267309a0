import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { check } from "../../src/commands/check.ts";
import { createDryRelay } from "../../src/commands/dry-relay.ts";
import type { Io } from "../../src/commands/io.ts";
import { map } from "../../src/commands/map.ts";
import { addressOf } from "../../src/commands/signing.ts";
import { loadSources } from "../../src/commands/sources.ts";
import { startSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { differences } from "../../src/sources/compare-example.ts";
import type { Example } from "../../src/sources/examples.ts";
import type { Foretold, Source } from "../../src/sources/source.ts";

const examples = fileURLToPath(new URL("../../examples", import.meta.url));
const now = Date.UTC(2026, 2, 14, 9, 30);
const relayUrl = "https://relay.example.com";
/** Good for every provider: Standard Webhooks ask for this form, all others take any text. */
const secret = "whsec_cmVsYXktY29udHJhY3QtY3JlZGVudGlhbC0x";

const schema = readFileSync(new URL("../../schema/sources.json", import.meta.url), "utf8");
const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
  JSON.parse(schema) as object,
);

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox();
});
afterAll(async () => {
  await sandbox.close();
});

const folders = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

it("there is one for each common situation, and the page of the examples names it", () => {
  expect(folders.length).toBeGreaterThanOrEqual(5);
  const page = readFileSync(join(examples, "README.md"), "utf8");
  const linked = [...page.matchAll(/^\| \[[\w-]+\]\(([\w-]+)\)/gm)].map(([, folder]) => folder ?? "");
  expect(linked.toSorted()).toEqual(folders.toSorted());
});

describe.each(folders)("examples/%s", (folder) => {
  const path = (...parts: string[]) => join(examples, folder, ...parts);
  const file = path("sources.yaml");
  const text = readFileSync(file, "utf8");
  const variables = [...new Set([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name))];
  const env = { SOURCES_FILE: file, ...Object.fromEntries(variables.map((name) => [name, secret])) };

  async function sources(): Promise<readonly Source[]> {
    const loaded = await loadSources(file, env);
    if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
    return loaded.sources;
  }

  async function examplesOf(): Promise<{ source: Source; example: Example }[]> {
    return (await sources()).flatMap((source) => source.examples.map((example) => ({ source, example })));
  }

  it("its README.md lists the variables that it needs, and no others", () => {
    const page = readFileSync(path("README.md"), "utf8");
    const listed = [...page.matchAll(/^([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name ?? "");
    expect(listed.toSorted()).toEqual(variables.toSorted());
  });

  it("`contact-relay check` finds it ready to serve, every example of every source as expected", async () => {
    const settings = { AELYST_API_TOKEN: "token", AELYST_API_URL: sandbox.url, DATA_DIR: path("no-data") };
    const { code, out } = await run((io) => check({ json: true, print: false }, io), { ...env, ...settings });
    const { findings } = JSON.parse(out) as { findings: { what: string; ok: boolean; message: string }[] };
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(code).toBe(0);
    const count = (await examplesOf()).length;
    expect(findings).toContainEqual({
      what: "examples",
      ok: true,
      message: `all ${count} come out as expected`,
    });
    for (const source of await sources()) {
      expect(source.examples.length, `examples of ${source.name}`).toBeGreaterThan(1);
    }
  });

  it("an editor that knows the JSON Schema finds nothing wrong with it, and its first line names the schema", () => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
    expect(text).toMatch(/^# yaml-language-server: \$schema=\.\.\/\.\.\/schema\/sources\.json\n/);
  });

  it("every payload is used by an example", async () => {
    const used = (await examplesOf()).flatMap(({ example }) =>
      "file" in example.payload ? [example.payload.file] : [],
    );
    const payloads = readdirSync(path("payloads")).map((name) => `payloads/${name}`);
    expect(payloads.filter((payload) => !used.includes(payload))).toEqual([]);
  });

  it("every payload comes out so when it is posted as its sender posts it", async () => {
    const relay = createDryRelay(await sources(), () => now, 1_048_576);
    for (const { source, example } of await examplesOf()) {
      const { status, text } = await post(relay, source, example, bodyOf(example));
      expect({ status, errors: relay.takeErrors() }, example.name).toEqual({ status: 200, errors: [] });
      const [event, ...others] = relay.takeAccepted();
      expect(others).toEqual([]);
      const mapped: Foretold = event
        ? await source.map(event)
        : {
            kind: "ignored",
            reason: reasonOf(text),
            warnings: [],
            report: { fields: [], unusedAnswers: [] },
          };
      expect(differences(example.expect, mapped), example.name).toEqual([]);
    }
  });

  it("`contact-relay map` says of every payload what the example expects", async () => {
    for (const { source, example } of await examplesOf()) {
      if (!("file" in example.payload)) continue;
      const headers = Object.entries(example.headers).map(([name, value]) => `${name}: ${value}`);
      const given = { source: source.name, type: example.type, headers };
      const options = { ...given, paths: false, file: path(example.payload.file) };
      const { code, out } = await run((io) => map(options, io), env);
      const { expect: expected } = example;
      const { updates, events } = JSON.parse(out) as { updates: { contact: string }[]; events: object[] };
      if (expected.kind === "update") expect(updates, out).toMatchObject([{ contact: expected.contact }]);
      else
        expect(events, out).toMatchObject([
          expected.kind === "erase" ? { outcome: "erase" } : { outcome: "ignored" },
        ]);
      expect(code).toBe(expected.kind === "update" ? 0 : 1);
    }
  });

  it("the commands of its README.md name sources and payloads that exist", async () => {
    const page = readFileSync(path("README.md"), "utf8");
    const commands = [...page.matchAll(/^node dist\/main\.js map --source (\S+)(?: .*)?\s+(\S+\.\w+)$/gm)];
    expect(commands).toHaveLength(page.split("dist/main.js map").length - 1);
    expect(commands.length).toBeGreaterThan(0);
    const names = (await sources()).map(({ name }) => name);
    const payloads = readdirSync(path("payloads")).map((name) => `examples/${folder}/payloads/${name}`);
    for (const [command, source, payload] of commands) {
      expect(names, command).toContain(source);
      expect(payloads, command).toContain(payload);
    }
  });

  function bodyOf({ payload }: Example): Buffer {
    return "text" in payload ? Buffer.from(payload.text) : readFileSync(path(payload.file));
  }
});

describe("examples/html-form/form.html", () => {
  const file = join(examples, "html-form/sources.yaml");
  const page = readFileSync(join(examples, "html-form/form.html"), "utf8");
  const names = [...page.matchAll(/\bname="([\w-]+)"/g)].map(([, name]) => name ?? "");

  async function newsletter() {
    const loaded = await loadSources(file, { NEWSLETTER_KEY: secret });
    const [source] = loaded.ok ? loaded.sources : [];
    const [example] = source?.examples ?? [];
    if (!source || !example) throw new Error("the source has no example");
    const body = readFileSync(join(examples, "html-form/payloads/signup.urlencoded"), "utf8");
    return { source, example, fields: new URLSearchParams(body) };
  }

  it("posts to the source, and has the fields of the payload", async () => {
    const { source, fields } = await newsletter();
    expect(page).toContain(`action="${relayUrl}/webhooks/${source.name}?key=`);
    expect(names.toSorted()).toEqual([...fields.keys()].toSorted());
    expect(names).toContain(source.honeypot);
  });

  it("what a robot fills in is ignored, and it is told the same", async () => {
    const { source, example, fields } = await newsletter();
    const relay = createDryRelay([source], () => now, 1_048_576);
    const browser = { ...example, headers: { ...example.headers, accept: "text/html" } };
    const person = await post(relay, source, browser, Buffer.from(fields.toString()));
    expect(person).toMatchObject({ status: 303, location: source.redirect });
    expect(relay.takeAccepted()).toHaveLength(1);
    fields.set(source.honeypot ?? "", "Robots Inc.");
    const robot = await post(relay, source, browser, Buffer.from(fields.toString()));
    expect(robot).toMatchObject({ status: 303, location: source.redirect });
    expect(relay.takeAccepted()).toEqual([]);
  });
});

/** Signs the payload as the source's provider signs, and posts it to the relay's own HTTP app. */
async function post(
  relay: ReturnType<typeof createDryRelay>,
  source: Source,
  { headers, type }: Pick<Example, "headers" | "type">,
  body: Buffer,
) {
  const { provider, credentials } = source;
  const [proof = ""] = [...credentials.secrets, ...credentials.keys];
  const address = `${relayUrl}/webhooks/${source.name}`;
  const named = type === undefined ? {} : provider.typeHeaders?.(type);
  const all = { "content-type": "application/json", ...named, ...headers };
  const signed = provider.sign({ headers: all, body }, proof, now, address);
  const response = await relay.fetch(
    new Request(addressOf(address, signed), {
      method: "POST",
      headers: { ...signed.headers },
      body: new Uint8Array(signed.body),
    }),
  );
  const location = response.headers.get("location");
  return { status: response.status, location, text: await response.text() };
}

/** Why nothing was stored; an empty answer says no more than that. */
function reasonOf(text: string): string {
  return text === "" ? "event-not-selected" : (JSON.parse(text) as { reason: string }).reason;
}

async function run(command: (io: Io) => Promise<number>, env: Record<string, string>) {
  let out = "";
  const io: Io = {
    env,
    out: (text) => void (out += text),
    err: (text) => void (out += text),
    color: false,
    stopRequested: new Promise(() => {}),
  };
  return { code: await command(io), out };
}
