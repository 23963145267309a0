import * as z from "zod";
import { parseRedisUrl } from "../store/redis/address.ts";
import {
  address,
  choice,
  decimalNumber,
  flag,
  setting,
  text,
  token,
  wholeNumber,
  type About,
} from "./kinds.ts";

const dayMs = 86_400_000;
const delay = { min: 1, max: dayMs };
const hours = { min: 0.01, max: 24 * 366 };

/** Every setting of the process. Those of single providers are named by the providers. */
export const settings = {
  AELYST_API_TOKEN: setting(token(), {
    group: "The API",
    description: "bearer token of your Aelyst workspace, never logged",
    secret: true,
    required: true,
  }),
  AELYST_API_URL: withDefault(baseUrl(), "https://api.aelyst.ai/v1", {
    group: "The API",
    description: "requests go to `<url>/contact/<identifier>`; redirects are never followed",
  }),
  AELYST_RATE_LIMIT: withDefault(decimalNumber({ min: 0.1, max: 10_000 }), "10", {
    group: "The API",
    description: "ceiling for all replicas together",
    unit: "requests per second",
  }),
  AELYST_CONTACT_RATE_LIMIT: withDefault(decimalNumber({ min: 0.1, max: 10_000 }), "5", {
    group: "The API",
    description: "ceiling for any one contact: the API counts by method and path too",
    unit: "requests per second",
  }),
  AELYST_TIMEOUT_MS: withDefault(wholeNumber({ min: 100, max: 300_000 }), "10000", {
    group: "The API",
    description: "how long a request may take",
    unit: "milliseconds",
  }),
  AELYST_REQUIRE_FIRST_NAME: withDefault(flag(), "false", {
    group: "The API",
    description:
      "park updates that would be sent without `firstName`, for workspaces whose API insists on it",
  }),
  AELYST_FIELDS: withDefault(choice(["off", "check"]), "off", {
    group: "The API",
    description:
      "`check`: what cannot fit the workspace's custom fields is parked before it costs a request: " +
      "[docs/custom-fields.md](docs/custom-fields.md)",
  }),
  AELYST_MISSING_CONTACT: withDefault(choice(["park", "wait", "create"]), "park", {
    group: "The API",
    description:
      "what becomes of updates for a contact that the API does not have: `park` sets them aside, `wait` keeps them until " +
      "it appears, `create` makes it once a `firstName` is known: [docs/contacts.md](docs/contacts.md)",
  }),
  HTTPS_PROXY: setting(proxy(), {
    group: "The API",
    description:
      "proxy for the API and every other address the relay calls, not for the store; the names in lower case count " +
      "first; write `%` of a password as `%25`, `@` as `%40`",
    example: "http://user:password@proxy.example.com:3128",
    secret: true,
    lowerCaseFirst: true,
  }),
  HTTP_PROXY: setting(proxy(), {
    group: "The API",
    description: "the same for `http` addresses; without `HTTPS_PROXY` it is for all",
    example: "http://user:password@proxy.example.com:3128",
    secret: true,
    lowerCaseFirst: true,
  }),
  NO_PROXY: setting(text(), {
    group: "The API",
    description:
      "hosts that are called without a proxy: `host`, `host:port`, `.domain`, with commas between, or `*`",
    example: "localhost,.internal.example.com",
    lowerCaseFirst: true,
  }),
  SOURCES_FILE: setting(text(), {
    group: "Sources",
    description:
      "a YAML file that says which sources there are and what they map: [docs/sources.md](docs/sources.md); without " +
      "it every provider whose variable is set is served under its own name",
    example: "./sources.yaml",
  }),
  SOURCES_WATCH: withDefault(flag(), "false", {
    group: "Sources",
    description: "take a changed `SOURCES_FILE` within a second; without it a `SIGHUP` has it read anew",
  }),
  REDIS_URL: setting(redisUrl(), {
    group: "The store",
    description:
      "the store: Redis 7+ or Valkey, also `rediss://` (TLS), `redis+sentinel://` and `redis+cluster://`: " +
      "[docs/stores.md](docs/stores.md)",
    example: "redis://127.0.0.1:6379",
    secret: true,
  }),
  REDIS_ALLOW_EVICTION: withDefault(flag(), "false", {
    group: "The store",
    description: "start even on a Redis that deletes accepted events when its memory is full",
  }),
  DATABASE_URL: setting(address(["postgres:", "postgresql:"]), {
    group: "The store",
    description:
      "the store: PostgreSQL 14+; with neither it nor `REDIS_URL` everything is kept in `DATA_DIR`",
    example: "postgres://relay:password@127.0.0.1:5432/relay",
    secret: true,
  }),
  DATA_DIR: withDefault(text(), "./data", {
    group: "The store",
    description: "where the embedded store lives (one process at a time), and the spool of every store",
  }),
  SPOOL_MAX_BYTES: withDefault(wholeNumber({ min: 0, max: 1_099_511_627_776 }), "268435456", {
    group: "The store",
    description:
      "how much is kept in `DATA_DIR/spool` for senders that do not repeat while the store is away; 0 turns it off",
    unit: "bytes",
  }),
  STORE_PREFIX: withDefault(
    z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, {
      error: "must be 1 to 32 of a-z, 0-9 and _, starting with a letter",
    }),
    "relay",
    { group: "The store", description: "namespace in a shared Redis or PostgreSQL" },
  ),
  HOST: withDefault(text(), "0.0.0.0", { group: "The process", description: "the address it listens on" }),
  PORT: withDefault(wholeNumber({ min: 0, max: 65_535 }), "3000", {
    group: "The process",
    description: "the port it listens on; 0 takes any that is free",
  }),
  ROLE: withDefault(choice(["all", "intake", "worker"]), "all", {
    group: "The process",
    description:
      "`all`, `intake` (HTTP only) or `worker` (deliver only); the embedded store allows only `all`",
  }),
  ADMIN_TOKEN: setting(token(), {
    group: "The process",
    description:
      "bearer token of `/admin` and `/metrics`, and sign-in of `/console`; guessing is slowed down; without it `/admin` " +
      "and `/console` are off and `/metrics` is open only to loopback",
    secret: true,
  }),
  ADMIN_READ_TOKEN: setting(token(), {
    group: "The process",
    description:
      "lets in to the same for reading alone, in the console too: no write, personal data masked; needs `ADMIN_TOKEN`",
    secret: true,
  }),
  CONSOLE_QUEUES: withDefault(flag(), "false", {
    group: "The process",
    description:
      "shows operators the queue `contacts` job by job in the console, to look at, by Bull Board: " +
      "[docs/console.md](docs/console.md#bull-board)",
  }),
  LOG_LEVEL: withDefault(choice(["trace", "debug", "info", "warn", "error", "fatal", "silent"]), "info", {
    group: "The process",
    description:
      "`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`: JSON lines, without tokens, secrets, payloads, " +
      "phone numbers or e-mail addresses",
  }),
  SHUTDOWN_TIMEOUT_MS: withDefault(wholeNumber({ min: 100, max: 600_000 }), "20000", {
    group: "The process",
    description: "how long a SIGTERM waits for what is under way; after that the process leaves regardless",
    unit: "milliseconds",
  }),
  BODY_LIMIT_BYTES: withDefault(wholeNumber({ min: 1, max: 67_108_864 }), "1048576", {
    group: "Limits and retention",
    description: "bodies larger than this are answered `413`",
    unit: "bytes",
  }),
  MAX_CONNECTIONS: withDefault(wholeNumber({ min: 10, max: 1_000_000 }), "2000", {
    group: "Limits and retention",
    description:
      "connections that this process holds open; beyond it idle ones are closed, then new ones refused",
  }),
  RETENTION_HOURS: withDefault(decimalNumber(hours), "168", {
    group: "Limits and retention",
    description: "finished events are kept this long; as long, duplicates are recognized",
    unit: "hours",
  }),
  RETENTION_EVENTS: withDefault(wholeNumber({ min: 0, max: 100_000_000 }), "100000", {
    group: "Limits and retention",
    description: "finished events are kept at most this many",
  }),
  AUDIT_DAYS: withDefault(decimalNumber({ min: 1, max: 3_660 }), "365", {
    group: "Limits and retention",
    description: "the audit log is kept this long, and at most 100000 entries of it",
    unit: "days",
  }),
  DELIVERY_MAX_AGE_HOURS: withDefault(decimalNumber(hours), "72", {
    group: "Delivery",
    description: "an update still undeliverable after this is parked",
    unit: "hours",
  }),
  BUSY_DELAY_MS: withDefault(wholeNumber(delay), "30000", {
    group: "Delivery",
    description:
      "449 (the contact is busy at the API): the first delay; each is twice the one before, with jitter",
    unit: "milliseconds",
  }),
  BUSY_DELAY_MAX_MS: withDefault(wholeNumber(delay), "300000", {
    group: "Delivery",
    description: "449: the longest delay",
    unit: "milliseconds",
  }),
  RETRY_DELAY_MS: withDefault(wholeNumber(delay), "1000", {
    group: "Delivery",
    description: "5xx, network, time-out: the first delay; each is twice the one before, with jitter",
    unit: "milliseconds",
  }),
  RETRY_DELAY_MAX_MS: withDefault(wholeNumber(delay), "300000", {
    group: "Delivery",
    description: "5xx, network, time-out: the longest delay",
    unit: "milliseconds",
  }),
  AUTH_PROBE_MS: withDefault(wholeNumber({ min: 10, max: dayMs }), "30000", {
    group: "Delivery",
    description: "401, 403: one request this often until the token is accepted again",
    unit: "milliseconds",
  }),
  NOTIFY_URL: setting(addresses(), {
    group: "Notifications",
    description:
      "where a notice is posted once when a person is needed and once when it is over; several with commas between: " +
      "[docs/operations.md](docs/operations.md#notifications)",
    example: "https://hooks.slack.com/services/T000/B000/secret",
    secret: true,
    secretPath: true,
  }),
  NOTIFY_FORMAT: withDefault(choice(["auto", "json", "slack", "discord", "teams"]), "auto", {
    group: "Notifications",
    description:
      "the shape of notices: `json`, `slack`, `discord`, `teams`, or `auto`: by the address, `json` where it is nobody's",
  }),
  NOTIFY_SECRET: setting(signingSecret(), {
    group: "Notifications",
    description:
      "signs notices in the shape `json` as Standard Webhooks says: `whsec_` and 24 to 64 bytes in base64",
    secret: true,
  }),
  NOTIFY_BEHIND_MINUTES: withDefault(wholeNumber({ min: 1, max: 100_000 }), "60", {
    group: "Notifications",
    description: "a person is needed when what waits would take longer than this to deliver",
    unit: "minutes",
  }),
} as const;

export type SettingName = keyof typeof settings;
export type SettingValues = {
  readonly [Name in SettingName]: z.output<(typeof settings)[Name]> | MissingOf<Name>;
};
/** What has no default may be absent. */
type MissingOf<Name extends SettingName> =
  (typeof settings)[Name] extends z.ZodPrefault<z.ZodType> ? never : undefined;

export const settingNames = Object.keys(settings) as readonly SettingName[];

function withDefault<Schema extends z.ZodType<unknown, string>>(
  schema: Schema,
  value: z.input<Schema> & string,
  about: About,
) {
  return setting(schema.prefault(value as never), { ...about, default: value });
}

function baseUrl() {
  const isPlain = (value: string) => {
    const url = new URL(value);
    return url.username === "" && url.search === "" && url.hash === "";
  };
  return address(["https:", "http:"])
    .refine(isPlain, { error: "must be a plain base URL, without user, query or fragment" })
    .transform((value) => new URL(value).href.replace(/\/+$/, ""))
    .pipe(z.string());
}

/** The addresses of a list with commas between, each once. */
export function addressesOf(text: string): readonly string[] {
  return [...new Set(text.split(",").map((one) => new URL(one.trim()).href))];
}

/** One or a few addresses with commas between. Its messages do not repeat them. */
function addresses() {
  const addressesMax = 5;
  const isPlain = (text: string) => {
    if (!URL.canParse(text)) return false;
    const { protocol, username, password } = new URL(text);
    return (protocol === "https:" || protocol === "http:") && username === "" && password === "";
  };
  return z
    .string()
    .refine((value) => value.split(",").every((one) => isPlain(one.trim())), {
      error:
        "must be a URL that starts with https:// or http://, without a user, or several with commas between",
      abort: true,
    })
    .refine((value) => addressesOf(value).length <= addressesMax, {
      error: `must be at most ${addressesMax} addresses`,
    });
}

function signingSecret() {
  const isSecret = (value: string) => {
    const [, digits] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(value) ?? [];
    const size = Buffer.from(digits ?? "", "base64").length;
    return size >= 24 && size <= 64;
  };
  return z.string().refine(isSecret, { error: "must be whsec_ and then 24 to 64 bytes in base64" });
}

function proxy() {
  const isDecodable = (value: string) => {
    const url = new URL(value);
    try {
      decodeURIComponent(url.username + url.password);
      return true;
    } catch {
      return false;
    }
  };
  return address(["http:", "https:"])
    .refine(isDecodable, { error: "has a user or a password with a % that must be written %25" })
    .transform((value) => new URL(value).href)
    .pipe(z.string());
}

function redisUrl() {
  return z.string().superRefine((value, context) => {
    const parsed = parseRedisUrl(value);
    if (!parsed.ok) context.addIssue(parsed.problem);
  });
}
