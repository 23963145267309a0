import { z } from "zod";
import { count, time } from "./values.ts";

const engine = z.enum(["embedded", "postgres", "redis"]);

export const storeState = z
  .union([
    z.strictObject({
      engine,
      ok: z.literal(true),
      refuses: z.string().optional().describe("Why new events are refused although everything else goes on."),
    }),
    z.strictObject({ engine, ok: z.literal(false), message: z.string().describe("Why it does not answer.") }),
  ])
  .describe("Whether the store answers.");

export const upstreamState = z
  .strictObject({
    state: z
      .enum(["ok", "limited", "unauthorized", "failing", "unknown"])
      .describe(
        "`limited`: it answered 429. `unauthorized`: it refuses the token. `failing`: it fails for many.",
      ),
    until: time("When the pause ends, null when there is none.").nullable(),
    rate: z.number().nullable().describe("Requests per second at present, null when unknown."),
    ceiling: z.number().nullable().describe("Requests per second at most, null when unknown."),
  })
  .describe("What is known of the contact API. All replicas share it.");
export type Upstream = z.infer<typeof upstreamState>;

const upstreamUnknown = z
  .strictObject({ state: z.literal("unknown") })
  .describe("Nothing is known while the store is away.");

export const spoolState = z
  .strictObject({
    events: count("How many are kept."),
    bytes: count("What they take on the disk."),
  })
  .describe("Events that the store could not take and that are kept on this process's disk.");

export const busState = z
  .record(
    z.string(),
    z.strictObject({
      state: z
        .enum(["up", "away", "waiting"])
        .describe(
          "`away`: the broker does not answer. `waiting`: the store takes nothing, so nothing is fetched.",
        ),
      place: z.string().describe("What is pulled from."),
      message: z.string().optional().describe("Why it is not up."),
      lag: count("Messages that nobody has been given yet; null where the broker does not say.").nullable(),
      pending: count(
        "Messages given to a relay and not acknowledged; null where it does not say.",
      ).nullable(),
    }),
  )
  .optional()
  .describe("What is pulled from a bus, by source. A bus that is away takes no readiness away.");

const queue = z.strictObject({
  waiting: count("For their turn."),
  active: count("Being worked on now."),
  delayed: count("For a time that is set."),
  failed: count("Parked."),
  completed: count("Done, as far as that is still kept."),
});

const whoami = {
  version: z.string(),
  role: z.enum(["all", "intake", "worker"]),
  store: storeState,
};

const workOf = {
  queues: z.strictObject({
    events: queue.describe("Events, by what is done with them."),
    contacts: queue.describe("Contacts with something to deliver."),
  }),
  upstream: upstreamState,
};

export const statusAnswer = z.strictObject({ ...whoami, ...workOf, bus: busState, spool: spoolState });
/** Of a relay with several workspaces that is asked about all of them. */
export const statusOfAll = z.strictObject({
  ...whoami,
  destinations: z.record(z.string(), z.strictObject(workOf)).describe("Each workspace by its destination."),
  bus: busState,
  spool: spoolState,
});
export type StatusAnswer = z.infer<typeof statusAnswer>;

export const statusUnavailable = z
  .strictObject({ ...whoami, queues: z.null(), upstream: upstreamUnknown })
  .describe("What can be told while the store is away.");
export type StatusUnavailable = z.infer<typeof statusUnavailable>;

export const aliveAnswer = z.strictObject({ status: z.literal("ok") });

const readinessOf = {
  worker: z.strictObject({
    state: z
      .enum(["ok", "silent", "stopped", "starting", "off"])
      .describe("`off`: this process delivers nothing. `silent`: it has stopped without a word."),
  }),
  upstream: z.union([upstreamState, upstreamUnknown]),
};

export const readinessAnswer = z.strictObject({
  status: z.enum(["ready", "unavailable"]),
  store: storeState,
  ...readinessOf,
  destinations: z
    .record(z.string(), z.strictObject(readinessOf))
    .optional()
    .describe("Each workspace by its destination, where there are several; above is the worst of them."),
  bus: busState,
  spool: spoolState,
});
export type ReadinessAnswer = z.infer<typeof readinessAnswer>;

export const sourcesAnswer = z.strictObject({
  items: z
    .array(
      z.strictObject({
        source: z.string(),
        provider: z.string(),
        path: z
          .string()
          .meta({ description: "Where its events are posted.", examples: ["/webhooks/shopify"] }),
        changes: z
          .array(
            z.strictObject({
              type: z.string().describe("The type of the events it was seen in."),
              form: z.string().optional().describe("The form they came from, where they say so."),
              kind: z.enum(["field-missing", "new-answer"]),
              name: z.string().describe("The field that is missing, or the answer's name."),
              from: z.string().optional().describe("Where the field's value used to be found."),
              at: time("When it was noticed."),
            }),
          )
          .readonly()
          .describe("How its payloads have changed, as far as this process has noticed."),
      }),
    )
    .readonly(),
});
export type SourcesAnswer = z.infer<typeof sourcesAnswer>;
