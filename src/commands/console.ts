import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Hono } from "hono";
import type { Config } from "../config.ts";
import { consoleApp } from "../console/app.tsx";
import { readAssets, type Assets } from "../console/assets.ts";
import type { ProcessFacts, SourceFacts } from "../console/facts.ts";
import type { SampleSent } from "../console/options.ts";
import { queuesPath } from "../console/queues.tsx";
import type { Access } from "../http/access.ts";
import type { Seals } from "../http/masking.ts";
import { renewedSample } from "../providers/sample.ts";
import type { Source } from "../sources/source.ts";
import type { Audit } from "../store/store.ts";
import { reasonOf } from "../store/reason.ts";
import type { Logger } from "../telemetry/logger.ts";
import { openQueueBoard, type BoardQueue } from "./queue-board.ts";
import { runExamples } from "./examples.ts";
import type { SettingInForce } from "./settings.ts";
import { addressOf, signedByFirst } from "./signing.ts";
import type { Workspace } from "./workspaces.ts";

interface ConsoleParts {
  readonly api: Hono;
  readonly access: Access;
  readonly seals: Seals | undefined;
  readonly config: Config;
  /** Those that have names; none where there is one without. */
  readonly workspaces: readonly Workspace[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly settings: readonly SettingInForce[];
  readonly version: string;
  readonly clock: () => number;
  readonly log: Logger;
  readonly audit: Audit;
  /** Of every workspace. Throws before the stores are there. */
  readonly queues: () => readonly BoardQueue[];
  /** As a request from outside. */
  readonly receive: (request: Request) => Promise<Response>;
}

const bundle = new URL("../console/assets/", import.meta.url);

/** The operator's pages, with what only the process knows of itself. */
export function openConsole(parts: ConsoleParts): Hono {
  const { api, access, seals, config, workspaces, sources, version, clock, log, audit, receive } = parts;
  return consoleApp({
    api,
    access,
    seals,
    version,
    clock,
    log,
    assets: access.isOn ? assetsOf(log) : noAssets,
    async record(who, action, target) {
      log.info({ who, action, ...(target === undefined ? {} : { target }) }, "somebody used the console");
      const entry = { at: clock(), who, action, ...(target === undefined ? {} : { target }) };
      // While the store is away the line above is all there is.
      await audit
        .record(entry)
        .catch((error: unknown) => log.warn({ err: error }, "the audit log took no entry"));
    },
    destinations: workspaces.map(({ name }) => name),
    process: processFacts(parts),
    board: config.consoleQueues ? boardOf(parts.queues) : undefined,
    factsOf(name) {
      const source = sources.get(name);
      return source && sourceFacts(source);
    },
    async runExamples(name) {
      const source = sources.get(name);
      return source ? await runExamples([source], config.sourcesFile ?? "", clock()) : [];
    },
    async sendSample(name, sample) {
      const source = sources.get(name);
      return source
        ? await sendSample(source, sample, receive, clock())
        : { ok: false, message: "There is no such source." };
    },
  });
}

/** Made when it is first looked at, and made again where that has failed. */
function boardOf(queues: ConsoleParts["queues"]): () => Promise<Hono> {
  let board: Promise<Hono> | undefined;
  return async () => {
    const asked = (board ??= (async () => await openQueueBoard(queuesPath, queues()))());
    try {
      return await asked;
    } catch (error) {
      board = undefined;
      throw error;
    }
  };
}

const noAssets: Assets = { scripts: [], styles: [], runbook: "", files: new Map() };

function assetsOf(log: Logger): Assets {
  try {
    return readAssets(fileURLToPath(bundle));
  } catch (error) {
    log.warn(`the console has neither style nor script: ${reasonOf(error)}. npm run build makes them`);
    return noAssets;
  }
}

function processFacts({ config, workspaces, settings, clock }: ConsoleParts): ProcessFacts {
  const own = [{ name: "", url: config.api.baseUrl, ratePerSecond: config.api.ratePerSecond }];
  const named = workspaces.map(({ name, api }) => ({
    name,
    url: api.baseUrl,
    ratePerSecond: api.ratePerSecond,
  }));
  return {
    startedAt: clock(),
    retentionHours: config.retentionMs / 3_600_000,
    retentionEvents: config.retentionEvents,
    destinations: named.length > 0 ? named : own,
    settings,
  };
}

function sourceFacts(source: Source): SourceFacts {
  const { provider, priority, destination, consume, mapText } = source;
  return {
    proof:
      provider.proof === "secrets"
        ? `a signature over ${provider.signs === "nothing" ? "nothing" : `the ${provider.signs}`}`
        : "a shared key",
    priority,
    destination,
    pulls: consume?.broker,
    mapText,
    samples: provider.samples.map(({ name, type }) => ({ name, type })),
  };
}

async function sendSample(
  { name, provider, credentials }: Source,
  sampleName: string,
  receive: ConsoleParts["receive"],
  now: number,
): Promise<SampleSent> {
  const sample = provider.samples.find((known) => known.name === sampleName);
  if (!sample) return { ok: false, message: `${provider.name} has no such sample.` };
  const { headers, body } = renewedSample(sample, randomBytes(4).toString("hex"), now);
  const path = `/webhooks/${name}`;
  const address = `${credentials.publicUrl ?? "http://127.0.0.1"}${path}`;
  const proofs = [...credentials.secrets, ...credentials.keys].filter((known) => known !== "");
  const event = { headers, body: Buffer.from(body) };
  const signing = signedByFirst(proofs, (proof) => provider.sign(event, proof, now, address));
  if (!signing.ok) return signing;
  const { signed } = signing;
  const answer = await receive(
    new Request(addressOf(`http://127.0.0.1${path}`, signed), {
      method: "POST",
      headers: signed.headers,
      body: new Uint8Array(signed.body),
    }),
  );
  return { ok: true, status: answer.status, text: await answer.text() };
}
