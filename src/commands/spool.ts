import { join } from "node:path";
import type { Config } from "../config.ts";
import { openSpool, type Spool } from "../intake/spool.ts";
import type { SpoolNotice } from "../intake/spool/notice.ts";
import { holdLock, isBeating, lifeOf } from "../store/process-lock.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** Opens the spool of a relay. A process that takes no events keeps none, but brings what was left to the store. */
export async function openRelaySpool(config: Config, log: Logger, metrics: Metrics): Promise<Spool> {
  const directory = join(config.dataDir, "spool");
  return await openSpool({
    path: directory,
    bytesMax: config.role === "worker" ? 0 : config.spoolBytesMax,
    locks: { hold: holdLock, lifeOf, isBeating: (path) => isBeating(path) },
    notify(notice) {
      if (["damaged", "refused", "vanished", "unusable"].includes(notice.kind)) metrics.storeError("spool");
      logSpool(log, directory, notice);
    },
  });
}

function logSpool(log: Logger, directory: string, notice: SpoolNotice): void {
  switch (notice.kind) {
    case "began":
      log.error(
        { directory, err: notice.cause },
        "the store takes no events: those of senders that do not repeat are kept in the spool until it does",
      );
      return;
    case "drained":
      log.info(
        { events: notice.events },
        "the spool is empty again: so many events of it were brought to the store",
      );
      return;
    case "found":
      log.warn({ directory, events: notice.events }, "an earlier process left events in the spool");
      return;
    case "torn":
      log.info(
        { directory, file: notice.file, bytes: notice.bytes },
        "the end of a spool file was cut off while it was written; it was never acknowledged",
      );
      return;
    case "damaged":
      log.error(
        { directory, file: notice.file, bytes: notice.bytes },
        "a spool file is damaged: at least one acknowledged event cannot be read; the others are delivered",
      );
      return;
    case "refused":
      log.error(
        { directory, eventId: notice.eventId, source: notice.source, err: notice.cause },
        "the store refuses this spooled event and takes others: it is set aside",
      );
      return;
    case "set-aside":
      log.error({ directory, file: notice.file }, "the spool file with it is kept under this name");
      return;
    case "vanished":
      log.error(
        { directory, file: notice.file, events: notice.events },
        "a spool file is gone: another process took it over, or somebody removed it",
      );
      return;
    case "taken-over":
      log.warn(
        { directory },
        "another process took over the spool files of this one; it goes on with new ones",
      );
      return;
    case "unusable":
      log.error(
        { directory, err: notice.cause },
        "the spool cannot be used: while the store is away, events of senders that do not repeat are refused",
      );
  }
}
