import type { Config } from "../config.ts";
import { defaultDestination } from "../sources/destinations.ts";
import type { Consume } from "../sources/consume.ts";
import type { Source } from "../sources/source.ts";
import { reasonOf } from "../store/reason.ts";
import { brokerOf } from "./brokers.ts";
import { compareWorkspaces } from "./check-workspace.ts";
import { runExamples } from "./examples.ts";
import { idleSources } from "./idle-sources.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import { targetsOf } from "./notices.ts";
import { lookAtStore } from "./open-store.ts";
import { createConnections } from "../outbound/connections.ts";
import { exchange } from "../outbound/exchange.ts";
import { failureOf } from "../outbound/failure.ts";
import { settingsInForce, sourcesAdvice, strayVariables, type SettingInForce } from "./settings.ts";
import { readAll } from "./sources.ts";
import { workspacesOf, type Workspace } from "./workspaces.ts";

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly message: string;
}

interface CheckOptions {
  readonly json: boolean;
  readonly print: boolean;
  /** Reads the custom fields of the workspace, too, which takes the token. */
  readonly workspace?: boolean;
}

const reachDeadlineMs = 5_000;

/** Reads the configuration, names every problem at once, tries store and API without writing to either. */
export async function check(options: CheckOptions, io: Io): Promise<ExitCode> {
  const findings: Finding[] = [];
  const { read, sources } = await readAll(io.env);
  if (read.ok) findings.push({ what: "settings", ok: true, message: "valid" });
  else findings.push(...read.problems.map((message) => ({ what: "settings", ok: false, message })));

  const strays = await strayVariables(io.env);
  findings.push(...strays.map((message) => ({ what: "settings", ok: true, message: `WARNING ${message}` })));

  if (!sources.ok)
    findings.push(...sources.problems.map((message) => ({ what: "sources", ok: false, message })));
  else if (sources.sources.length === 0) {
    findings.push({ what: "sources", ok: false, message: `none is configured: ${sourcesAdvice}` });
  } else {
    const paths = sources.sources.map((source) => `/webhooks/${source.name} (${source.provider.name})`);
    findings.push({ what: "sources", ok: true, message: paths.join(", ") });
  }
  if (sources.ok) findings.push(...(await tryExamples(sources.sources, io.env["SOURCES_FILE"] ?? "")));
  if (sources.ok) findings.push(...(await tryBuses(sources.sources)));
  if (read.ok) {
    findings.push(...aboutNotices(read.config));
    findings.push(...(await tryStore(read.config)));
    const workspaces = workspacesOf(read.config, sources.ok ? sources.destinations : []);
    const idle = sources.ok ? idleSources(sources.sources, workspaces) : [];
    findings.push(...idle.map((message) => ({ what: "sources", ok: true, message: `WARNING ${message}` })));
    for (const workspace of workspaces) findings.push(await tryApi(read.config, workspace));
    if (options.workspace && sources.ok) {
      findings.push(...(await compareWorkspaces(read.config, workspaces, sources.sources, Date.now())));
    }
  }
  const ok = findings.every((finding) => finding.ok);
  const settings = options.print ? settingsInForce(io) : undefined;
  if (options.json) printJson(io, { ok, ...(settings && { settings }), findings });
  else {
    if (settings) io.out(`${tableOf(settings)}\n`);
    for (const { what, ok: good, message } of findings) {
      io.out(`${good ? "ok     " : "PROBLEM"}  ${what}: ${message}\n`);
    }
    io.out(ok ? "Everything is ready to serve.\n" : "contact-relay would not work like this.\n");
  }
  return ok ? 0 : 1;
}

/** `NAME  value  (from)`, in columns. */
function tableOf(settings: readonly SettingInForce[]): string {
  const width = (texts: readonly string[]) => Math.max(...texts.map((text) => text.length));
  const names = width(settings.map(({ name }) => name));
  const values = Math.min(60, width(settings.map(({ value }) => value ?? "-")));
  const lines = settings.map(
    ({ name, value, from }) => `${name.padEnd(names)}  ${(value ?? "-").padEnd(values)}  ${from}\n`,
  );
  return lines.join("");
}

async function tryExamples(sources: readonly Source[], sourcesFile: string): Promise<Finding[]> {
  const results = await runExamples(sources, sourcesFile, Date.now());
  if (results.length === 0) return [];
  const failed = results.filter(({ differences }) => differences.length > 0);
  if (failed.length === 0) {
    return [{ what: "examples", ok: true, message: `all ${results.length} come out as expected` }];
  }
  return failed.map(({ source, name, differences }) => ({
    what: "examples",
    ok: false,
    message: `${source}, "${name}":${differences.map((line) => `\n           ${line}`).join("")}`,
  }));
}

/** Connects and looks at what sources pull from; nothing is made there. */
async function tryBuses(sources: readonly Source[]): Promise<Finding[]> {
  return await Promise.all(sources.flatMap(({ name, consume }) => (consume ? [tryBus(name, consume)] : [])));
}

async function tryBus(source: string, consume: Consume): Promise<Finding> {
  const what = `bus of ${source}`;
  const broker = await brokerOf(consume);
  try {
    return { what, ok: true, message: `${broker.place}: ${await broker.look()}` };
  } catch (error) {
    return { what, ok: false, message: `${broker.place}: ${reasonOf(error)}` };
  }
}

/** A bad address is a problem of the settings; nothing is posted here. */
function aboutNotices(config: Config): Finding[] {
  const targets = targetsOf(config);
  if (targets.length === 0) return [];
  const named = targets.map(({ url, format }) => `${url.host} (${format})`).join(", ");
  const unsigned = config.notify.secret === undefined && targets.some(({ format }) => format === "json");
  return [
    {
      what: "notices",
      ok: true,
      message:
        `would be posted to ${named}; nothing is posted now: \`contact-relay notify test\`` +
        (unsigned ? "; they are not signed without NOTIFY_SECRET" : ""),
    },
  ];
}

async function tryStore(config: Config): Promise<Finding[]> {
  const { notes, problem } = await lookAtStore(config);
  const told = notes.map(({ level, message }) => ({
    what: "store",
    ok: true,
    message: level === "info" ? message : `WARNING ${message}`,
  }));
  if (problem !== undefined) return [...told, { what: "store", ok: false, message: problem }];
  return [{ what: "store", ok: true, message: `${config.store.engine} can be used` }, ...told];
}

/**
 * Reaches the API without a request that could change a contact or carry the token:
 * any HTTP answer shows that the address is right.
 */
async function tryApi(config: Config, { name, api }: Workspace): Promise<Finding> {
  const { baseUrl } = api;
  const what = name === defaultDestination ? "API" : `API of ${name}`;
  let through = "";
  const connections = createConnections(config.proxies, (proxy) => {
    through = ` through the proxy ${proxy}`;
  });
  const signal = AbortSignal.timeout(reachDeadlineMs);
  try {
    const request = { method: "HEAD", url: new URL(baseUrl), headers: {} } as const;
    const { status } = await exchange(connections, request, signal);
    const message = `${baseUrl} answers (${status})${through}; the token is not tried`;
    return { what, ok: true, message };
  } catch (error) {
    const why = signal.aborted ? `no answer within ${reachDeadlineMs} ms` : failureOf(error).message;
    return { what, ok: false, message: `${baseUrl} cannot be reached${through}: ${why}` };
  } finally {
    await connections.destroy();
  }
}
