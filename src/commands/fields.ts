import { createFieldReader, type FieldsRead } from "../aelyst/custom-fields.ts";
import type { Destination } from "../aelyst/client.ts";
import { createFieldWatch, type FieldWatch } from "../delivery/field-watch.ts";
import { sleepUnlessAborted, type Gate } from "../delivery/pace.ts";
import type { Pacer } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";

interface FieldsParts {
  readonly api: Destination;
  readonly connections: Parameters<typeof createFieldReader>[1];
  readonly gate: Gate;
  readonly pacer: Pick<Pacer, "state" | "pause">;
  readonly clock: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A pause after a 429 that gives no hint. */
const limitedMs = 1_000;

/** Watches the custom fields of one workspace. A page takes a slot as every request does, and a 429 pauses everything. */
export function watchFields({ api, connections, gate, pacer, clock, log, metrics }: FieldsParts): FieldWatch {
  const read = createFieldReader(api, connections, clock);
  const pacing = {
    async pass(signal: AbortSignal) {
      const { reason } = await pacer.state();
      // What a single probe is to find out, this request cannot tell.
      if (reason === "unauthorized" || reason === "failing") return false;
      const passage = await gate.pass(signal, async () => true);
      return passage !== undefined && passage.probe === undefined;
    },
    async limited(hintMs: number | undefined) {
      const pauseMs = hintMs ?? limitedMs;
      gate.hold(pauseMs);
      await pacer.pause(pauseMs, "limited");
    },
  };
  return createFieldWatch({
    read: (signal) => read(pacing, signal),
    clock,
    sleep: sleepUnlessAborted,
    onRead(result, isNews) {
      metrics.fieldsRead(result.kind);
      if (isNews) logReading(log, result);
    },
  });
}

function logReading(log: Logger, result: FieldsRead): void {
  switch (result.kind) {
    case "read": {
      const { fields, pages } = result;
      const about = { fields: fields.all.length, pages, complete: fields.complete };
      log.info(about, "the workspace's custom fields are known: what cannot fit is parked before it is sent");
      return;
    }
    case "forbidden": {
      const { status, message } = result;
      const text =
        "the token may not read the workspace's custom fields: values are sent as without AELYST_FIELDS";
      log.warn({ status, message }, text);
      return;
    }
    case "unavailable":
      log.warn(
        { message: result.message },
        "the workspace's custom fields cannot be read: values are sent unchecked, and it is tried again",
      );
  }
}
