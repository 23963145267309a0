import { createLogger } from "../telemetry/logger.ts";
import { findTracing } from "../telemetry/open-telemetry.ts";
import { printProblems, type ExitCode, type Io } from "./io.ts";
import { reloadSources, watchSources } from "./reload.ts";
import { startRelay, type Relay } from "./relay.ts";
import { settingsInForce, sourcesAdvice, strayVariables } from "./settings.ts";
import { loadSources, readAll, takeable } from "./sources.ts";
import { version } from "./version.ts";
import { workspacesOf } from "./workspaces.ts";

/** The service: receives, maps and delivers until it is asked to stop. */
export async function serve(io: Io): Promise<ExitCode> {
  const { read, sources } = await readAll(io.env);
  const problems = [...(read.ok ? [] : read.problems), ...(sources.ok ? [] : sources.problems)];
  if (!read.ok || !sources.ok) {
    printProblems(io, "contact-relay cannot start:", problems);
    return 1;
  }
  const { config } = read;
  const log = createLogger({ level: config.logLevel });
  for (const line of await strayVariables(io.env)) log.warn(line);
  for (const line of sources.notes) log.info(line);
  if (sources.sources.length === 0 && config.role !== "worker") {
    log.warn(`no source is configured, every webhook will be answered 404: ${sourcesAdvice}`);
  }
  if (config.adminToken === undefined) log.info("ADMIN_TOKEN is not set: /admin and /console are off");
  // A signal that comes before there is anything to read anew must not end the process.
  const ignoreHangups = io.onHangup?.(() => undefined);
  const { tracing, warning } = await findTracing(version, io.env);
  if (warning !== undefined) log.warn(warning);
  const started = await startRelay(config, sources, log, version, settingsInForce(io), tracing);
  if (!started.ok) {
    log.fatal(started.message);
    printProblems(io, "contact-relay cannot start:", [started.message]);
    return 1;
  }
  const { relay } = started;
  const about = {
    version,
    url: relay.url,
    role: config.role,
    store: relay.store.engine,
    ...(sources.destinations.length === 0
      ? { api: config.api.baseUrl, ratePerSecond: config.api.ratePerSecond }
      : { destinations: workspacesOf(config, sources.destinations).map(({ name }) => name) }),
    sources: sources.sources.map((source) => `/webhooks/${source.name}`),
  };
  const reloading = reloadSources(
    {
      load: async () =>
        takeable(sources, await loadSources(config.sourcesFile, io.env), config.api.token !== ""),
      take: relay.takeSources,
      counted: relay.sourcesRead,
      log,
    },
    sources.sources,
  );
  const stopWatching = watchSources(io, config, reloading.again);
  ignoreHangups?.();
  const signal = await untilEnd(relay, io, {
    listening: () => log.info(about, "contact-relay listens; events are refused until its store is there"),
    ready: () => log.info(about, "contact-relay is ready"),
  });
  stopWatching();
  if (signal.kind === "refused") {
    log.fatal(signal.message);
    printProblems(io, "contact-relay cannot go on:", [signal.message]);
    await relay.stop(config.shutdownTimeoutMs);
    return 1;
  }
  log.info({ signal: signal.name }, "stopping: no new events, finishing what is under way");
  const clean = await relay.stop(config.shutdownTimeoutMs);
  if (clean) log.info("stopped");
  else
    log.error({ shutdownTimeoutMs: config.shutdownTimeoutMs }, "stopped by force; unfinished work is kept");
  return clean ? 0 : 1;
}

type End = { kind: "signal"; name: string } | { kind: "refused"; message: string };

/** Waits for a signal to stop, or for a store that answered at last to be one that cannot be used. */
async function untilEnd(
  relay: Relay,
  io: Io,
  tell: { readonly listening: () => void; readonly ready: () => void },
): Promise<End> {
  const signalled = io.stopRequested.then((name): End => ({ kind: "signal", name }));
  const waiting = setImmediate(tell.listening);
  const opened = await Promise.race([relay.opened, signalled.then(() => undefined)]);
  clearImmediate(waiting);
  if (opened?.ok === false) return { kind: "refused", message: opened.message };
  if (opened) tell.ready();
  return await signalled;
}
