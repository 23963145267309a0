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
    since: time("Since when it is so; null where it takes requests, or nobody knows.").nullable(),
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

export const noticesState = z
  .array(
    z.strictObject({
      id: z.string().meta({ examples: ["ntc_01KG8Z3V0QX5M7N2B4C6D8E9FA"] }),
      kind: z.string().describe("What it is, such as `token-refused` or `parked`."),
      state: z.literal("open"),
      text: z.string().describe("A sentence for a person, with the next step."),
      since: time("Since when."),
      subject: z.string().optional().describe("The source, destination or process it is about."),
      runbook: z.string().describe("Where to read on."),
    }),
  )
  .readonly()
  .optional()
  .describe("What needs a person now, the most urgent first, after it has held for a while.");

export const replicasState = z
  .strictObject({
    items: z
      .array(
        z.strictObject({
          id: z.string().meta({ examples: ["rep_01KG8Z3V0QX5M7N2B4C6D8E9FA"] }),
          self: z.boolean().describe("Whether it is the process that answers."),
          role: z.enum(["all", "intake", "worker"]),
          version: z.string(),
          configuration: z
            .string()
            .describe("The same for processes that are configured alike. No secret is part of it."),
          label: z.string().meta({ description: "Its machine and process.", examples: ["relay-0/1"] }),
          since: time("When it was started."),
          configuredAt: time("Since when it has this configuration."),
          seenAt: time("When it last told that it runs."),
        }),
      )
      .readonly()
      .describe("The oldest first."),
    differ: z
      .array(z.enum(["version", "configuration"]))
      .readonly()
      .describe(
        "What they have differed in for a minute or longer: a rolling upgrade that has come to a halt.",
      ),
  })
  .describe(
    "The processes that run on this store. Each tells every ten seconds; one that has not for thirty is gone.",
  );
export type ReplicasState = z.infer<typeof replicasState>;

const queue = z.strictObject({
  waiting: count("For their turn."),
  active: count("Being worked on now."),
  delayed: count("For a time that is set."),
  failed: count("Parked."),
  completed: count("Done, as far as that is still kept."),
});
const oldestAt = time("Since when the oldest that waits has waited; null where nothing waits.").nullable();

const whoami = {
  version: z.string(),
  role: z.enum(["all", "intake", "worker"]),
  store: storeState,
};

const workOf = {
  queues: z.strictObject({
    events: queue.extend({ oldestAt }).describe("Events, by what is done with them."),
    contacts: queue.extend({ oldestAt }).describe("Contacts with something to deliver."),
  }),
  upstream: upstreamState,
};

export const statusAnswer = z.strictObject({
  ...whoami,
  ...workOf,
  bus: busState,
  spool: spoolState,
  notices: noticesState,
  replicas: replicasState,
});
/** Of a relay with several workspaces that is asked about all of them. */
export const statusOfAll = z.strictObject({
  ...whoami,
  destinations: z.record(z.string(), z.strictObject(workOf)).describe("Each workspace by its destination."),
  bus: busState,
  spool: spoolState,
  notices: noticesState,
  replicas: replicasState,
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
