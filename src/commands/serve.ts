import { readConfig } from "../config.ts";
import { createLogger } from "../telemetry/logger.ts";
import { printProblems, type ExitCode, type Io } from "./io.ts";
import { startRelay } from "./relay.ts";
import { loadSources } from "./sources.ts";
import { version } from "./version.ts";

/** The service: receives, maps and delivers until it is asked to stop. */
export async function serve(io: Io): Promise<ExitCode> {
  const read = readConfig(io.env);
  const sources = await loadSources(read.ok ? read.config.sourcesFile : io.env["SOURCES_FILE"], io.env);
  const problems = [...(read.ok ? [] : read.problems), ...(sources.ok ? [] : sources.problems)];
  if (!read.ok || !sources.ok) {
    printProblems(io, "contact-relay cannot start:", problems);
    return 1;
  }
  const { config } = read;
  const log = createLogger({ level: config.logLevel });
  for (const line of sources.notes) log.info(line);
  if (sources.sources.length === 0 && config.role !== "worker") {
    log.warn("no source is configured: every webhook will be answered 404");
  }
  if (config.adminToken === undefined) log.info("ADMIN_TOKEN is not set: /admin is off");
  const started = await startRelay(config, sources.sources, log, version);
  if (!started.ok) {
    log.fatal(started.message);
    printProblems(io, "contact-relay cannot start:", [started.message]);
    return 1;
  }
  const { relay } = started;
  log.info(
    {
      version,
      url: relay.url,
      role: config.role,
      store: relay.store.engine,
      api: config.api.baseUrl,
      ratePerSecond: config.api.ratePerSecond,
      sources: sources.sources.map((source) => `/webhooks/${source.name}`),
    },
    "contact-relay is ready",
  );
  const signal = await io.stopRequested;
  log.info({ signal }, "stopping: no new events, finishing what is under way");
  const clean = await relay.stop(config.shutdownTimeoutMs);
  if (clean) log.info("stopped");
  else
    log.error({ shutdownTimeoutMs: config.shutdownTimeoutMs }, "stopped by force; unfinished work is kept");
  return clean ? 0 : 1;
}
