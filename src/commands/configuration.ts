import { createHash } from "node:crypto";
import type { SourcesResult } from "../sources/load.ts";
import type { SettingInForce } from "./settings.ts";

type Configured = Pick<Extract<SourcesResult, { ok: true }>, "sources" | "destinations" | "text">;

/** What may differ from process to process without any of them delivering otherwise. */
const ofOneProcess: ReadonlySet<string> = new Set([
  "CONSOLE_QUEUES",
  "DATA_DIR",
  "HOST",
  "LOG_LEVEL",
  "MAX_CONNECTIONS",
  "PORT",
  "ROLE",
  "SHUTDOWN_TIMEOUT_MS",
  "SOURCES_FILE",
  "SOURCES_WATCH",
  "SPOOL_MAX_BYTES",
]);

/** Passwords and what else stands in an address before its host. */
const inAddress = /(?<=[a-z]:\/\/)[^@/\s"']*(?=@)/g;

/**
 * The same for processes that are configured alike. No secret is part of it, not one that stands in the sources file
 * itself either: two that differ in a token alone look alike.
 */
export function configurationHash(settings: readonly SettingInForce[], configured: Configured): string {
  const shared = settings
    .filter(({ name, isSecret }) => !isSecret && !ofOneProcess.has(name))
    .map(({ name, value }) => [name, value]);
  const sources = configured.sources.map(({ name, provider }) => [name, provider.name]);
  const text = JSON.stringify([shared, sources, withoutSecrets(configured)]);
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function withoutSecrets({ text = "", sources, destinations }: Configured): string {
  const secrets = [
    ...sources.flatMap(({ credentials }) => [...credentials.secrets, ...credentials.keys]),
    ...destinations.map(({ token }) => token),
  ].filter((secret) => secret !== "");
  // The longest first: one may be part of another.
  return secrets
    .sort((a, b) => b.length - a.length)
    .reduce((rest, secret) => rest.replaceAll(secret, "***"), text)
    .replaceAll(inAddress, "***");
}
