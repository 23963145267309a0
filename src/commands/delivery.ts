import { createAelystClient, type AelystClient } from "../aelyst/client.ts";
import type { Config } from "../config.ts";
import { contactTag } from "../contact/contact-ref.ts";
import { createCircuit } from "../delivery/circuit.ts";
import { createContactPace } from "../delivery/contact-pace.ts";
import { createGate } from "../delivery/pace.ts";
import { createSender, type DestinationChange, type SenderOptions } from "../delivery/send.ts";
import { createSuspects } from "../delivery/suspects.ts";
import { startWorkers, type Workers, type WorkersOptions } from "../delivery/workers.ts";
import { defaultDestination } from "../sources/destinations.ts";
import { watchFields } from "./fields.ts";
import { startReplaying } from "./replays.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Workspace } from "./workspaces.ts";

/** For what a request needs before and after it is on the wire. */
const holdMarginMs = 5_000;

export interface DeliveryOptions extends Pick<
  WorkersOptions,
  "store" | "sources" | "lookup" | "shapes" | "clock" | "log" | "metrics" | "tracing"
> {
  readonly workspace: Workspace;
  readonly connections: Parameters<typeof createAelystClient>[1];
  readonly config: Config;
}

export interface Delivery {
  readonly workers: Workers;
  readonly client: AelystClient;
  /** Takes on nothing more, and finishes what is on the wire. */
  close(): Promise<void>;
}

/** Starts what maps the events of one workspace and brings them to its API, at its own pace and with its own pauses. */
export function startDelivery(options: DeliveryOptions): Delivery {
  const { workspace, connections, config, ...shared } = options;
  const { store, metrics, log, clock } = shared;
  const { api } = workspace;
  const client = createAelystClient(api, connections);
  const retry = { firstMs: config.retryDelayMs, maxMs: config.retryDelayMaxMs };
  const gate = createGate(store.pacer, api.ratePerSecond, { shared: store.engine !== "embedded", clock });
  const fields =
    api.fields === "check"
      ? watchFields({ api, connections, gate, pacer: store.pacer, clock, log, metrics })
      : undefined;
  const sending: SenderOptions = {
    update: (contact, patch, trace) => client.update(contact, patch, undefined, trace),
    gate,
    pacer: store.pacer,
    circuit: createCircuit(),
    suspects: createSuspects(clock),
    contactPace: createContactPace(api.ratePerContact, clock),
    retry,
    authProbeMs: config.authProbeMs,
    clock,
    random: Math.random,
    observer: {
      request: (status, result, seconds) => metrics.request(status, result, seconds),
      destination(change) {
        if (change.kind !== "recovered" && change.kind !== "alone") metrics.paused(change.kind);
        logDestination(log, change, tokenOf(workspace));
      },
    },
  };
  const policy = {
    maxAgeMs: config.deliveryMaxAgeMs,
    busy: { firstMs: config.busyDelayMs, maxMs: config.busyDelayMaxMs },
    retry,
    requireFirstName: api.requireFirstName,
    missing: api.missingContact,
    holdMs: api.timeoutMs + holdMarginMs,
  };
  const workers = startWorkers({
    ...shared,
    send: createSender(sending),
    create: createSender({
      ...sending,
      method: "POST",
      update: (contact, patch, trace) => client.create(contact, patch, undefined, trace),
    }),
    policy,
    fields,
    ceiling: api.ratePerSecond,
    random: Math.random,
  });
  const replaying = startReplaying({ store, clock, log, metrics });
  return {
    workers,
    client,
    async close() {
      fields?.close();
      await Promise.all([replaying.close(), workers.close()]);
    },
  };
}

function tokenOf({ name }: Workspace): string {
  return name === defaultDestination ? "AELYST_API_TOKEN" : `the token of the destination ${name}`;
}

function logDestination(log: Logger, change: DestinationChange, token: string): void {
  switch (change.kind) {
    case "limited": {
      const { pauseMs, hinted } = change;
      log.warn({ pauseMs, hinted }, "the API answered 429: no requests until the pause is over");
      return;
    }
    case "unauthorized": {
      const { status, probeMs, message } = change;
      const text = `the API refuses the token: check ${token}; events are kept meanwhile`;
      log.error({ status, probeMs, message }, text);
      return;
    }
    case "failing": {
      const { probeMs, message } = change;
      log.error({ probeMs, message }, "the API fails for many contacts: single probes until it answers");
      return;
    }
    case "alone": {
      const { status, message } = change;
      const text = "the API answers one contact so and others well: only that contact waits";
      log.warn({ contact: contactTag(change.contact), status, message }, text);
      return;
    }
    case "recovered":
      log.info({ from: change.from }, "the API answers again");
  }
}
