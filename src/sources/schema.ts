import * as z from "zod";
import { dateOrders } from "../contact/calendar.ts";
import { coreFields, type CoreField } from "../contact/contact-patch.ts";
import { identifierKinds } from "../contact/contact-ref.ts";
import { customFieldTypes } from "../contact/custom-field.ts";
import { decimalMarks } from "../contact/number.ts";
import { priorities } from "../contact/priority.ts";
import { aboutProviderSettings } from "./provider-settings.ts";
import { oneOf, printed, text, texts, variable } from "./schema-texts.ts";

/**
 * What stands where in a sources file. Variables are not filled in yet, so that a text may be anything; what texts mean
 * is read afterwards, with the place of each. What only the JSON Schema can say of them (the words of a choice, a
 * pattern) is told in `meta`.
 */

/** In a JSON Schema: what meets the condition must be like this. */
export function provided(condition: object, consequence: object): object {
  // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's word; nobody awaits it
  return { if: condition, then: consequence };
}

export function objectKeys<Key extends string>(object: Readonly<Record<Key, unknown>>): Key[] {
  return Object.keys(object) as Key[];
}

/** JSONata; a number, true or false stands for itself. */
function expression(needs?: string) {
  return z.union([text(needs), z.number(), z.boolean(), z.bigint()]);
}

/**
 * A mapping whose names are known; of one that is not the message holds those that are, parted by blanks.
 *
 * @param needs what is said where it has to be and is not there
 */
function mapping<Shape extends z.core.$ZodShape>(
  shape: Shape,
  otherwise = "must be a mapping of `name: value`",
  needs = "is empty",
) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === "unrecognized_keys") return Object.keys(shape).join(" ");
      return issue.input === undefined ? needs : mappingWords(issue.input, otherwise);
    },
  });
}

function named<Value extends z.ZodType>(
  value: Value,
  names: Readonly<Record<string, unknown>> = {},
  needs = "is empty",
) {
  return z.record(z.string().meta(names), value, {
    error: ({ input }) =>
      input === undefined ? needs : mappingWords(input, "must be a mapping of `name: value`"),
  });
}

function mappingWords(input: unknown, otherwise: string): string {
  return input === null || input === undefined ? "is empty" : otherwise;
}

const region = text().meta({
  description: "two-letter country for phone numbers without a country code; there is no default",
  anyOf: [{ pattern: "^[A-Za-z]{2}$" }, variable],
  examples: ["MY"],
});
const dates = oneOf(dateOrders).describe(
  "in which order dates are written that could be read two ways, such as `03/02/2026`",
);
const decimal = oneOf(decimalMarks).describe(
  "which mark stands before a fraction: `12.500` is left out otherwise",
);
const identify = texts(oneOf(identifierKinds)).describe(
  "which of the update's identifiers names the contact, in order of preference; default `[phone, email]`",
);
const events = texts(text()).describe(
  "patterns of event types, `*` for any run of characters; absent means all",
);

/** Where a consumer group begins that is not there yet. */
export const starts = ["first", "new"] as const;

const value = {
  value: expression("needs a `value`: a JSONata expression").describe(
    "a JSONata expression over the payload",
  ),
  clear: z
    .boolean({ error: "must be true or false" })
    .optional()
    .describe("send `null`, which clears the field, where the expression gives nothing"),
};

const customValue = {
  ...value,
  type: oneOf(customFieldTypes).optional().describe("the type of the custom field; default `text`"),
  options: texts(printed()).optional().describe("`list`: the options that the workspace has"),
  dates: dates.optional().describe("`date`: in which order day, month and year are written"),
  decimal: decimal.optional().describe("`number`: which mark stands before a fraction"),
  checked: texts(printed())
    .optional()
    .describe("`checkbox`: texts that mean checked, such as the label that it sends, case aside"),
  unchecked: texts(printed()).optional().describe("`checkbox`: texts that mean unchecked"),
};

/** Which settings of a custom field are for one type alone. */
export const keysOfType = {
  options: "list",
  dates: "date",
  decimal: "number",
  checked: "checkbox",
  unchecked: "checkbox",
} as const;

/** Every key that the value of some field may have. */
export const everyValueKey = { ...customValue, region: region.optional() };
export function isValueKey(name: string): boolean {
  return Object.hasOwn(everyValueKey, name);
}

/** Every key of a value, so that one which is not for this field can be told as that. */
const fieldValueOf = (own: readonly string[], more: object = {}) =>
  z.union([
    expression(),
    mapping(everyValueKey).meta({ ...more, not: anyOfKeys(Object.keys(everyValueKey), own) }),
  ]);

/** Is there where one of these keys is that is not `allowed`. */
function anyOfKeys(keys: readonly string[], allowed: readonly string[]) {
  return { anyOf: keys.filter((key) => !allowed.includes(key)).map((key) => ({ required: [key] })) };
}

const coreKeys = (field: CoreField) =>
  field === "phone" ? ["value", "clear", "region"] : ["value", "clear"];
const neverCleared = { properties: { clear: { const: false } } };

function coreField(field: CoreField) {
  const more = field === "firstName" ? { allOf: [neverCleared] } : {};
  return fieldValueOf(coreKeys(field), more)
    .nullable()
    .optional()
    .describe(`the contact's \`${field}\`; \`null\` leaves the provider's own out`);
}

const customKeys = Object.keys(customValue);
const onlyWithType = Object.entries(keysOfType).map(([key, type]) =>
  provided(
    { required: [key] },
    { required: ["type"], properties: { type: { anyOf: [{ const: type }, variable] } } },
  ),
);
const listHasOptions = provided(
  { required: ["type"], properties: { type: { const: "list" } } },
  { required: ["options"] },
);

/** A contact is named by it, and nothing else is told of it. */
const bare = () => fieldValueOf(["value"]);

export const customFieldName = String.raw`^(?=.*\S)[^\u0000-\u001f\u007f-\u009f]+$`;

export const mapSchema = mapping({
  ...(Object.fromEntries(coreFields.map((field) => [field, coreField(field)])) as {
    [Field in CoreField]: ReturnType<typeof coreField>;
  }),
  id: bare().optional().describe("the contact's id at the API, for `identify: [id]`"),
  was: mapping(
    { phone: bare().optional(), email: bare().optional() },
    "must be a mapping of `phone` or `email` to what it was before",
  )
    .optional()
    .describe("what the contact was named by before the event"),
  custom_fields: named(fieldValueOf(customKeys, { allOf: [...onlyWithType, listHasOptions] }), {
    pattern: customFieldName,
  })
    .optional()
    .describe("custom fields by their names in the workspace"),
});

const fieldValue = z.union([z.string(), z.number(), z.boolean(), z.bigint(), z.null()], {
  error: "must be a text, a number, true, false or null",
});

const expectation = {
  ...(Object.fromEntries(coreFields.map((field) => [field, fieldValue.optional()])) as {
    [Field in CoreField]: z.ZodOptional<typeof fieldValue>;
  }),
  custom_fields: named(fieldValue).optional(),
  contact: text().optional().describe("whom the update is for, as in `email:ada@example.com`"),
};
const reason = z.union([text(), z.literal(true, { error: "must be one text" })]);

export const expectSchema = mapping(
  {
    ...expectation,
    ignored: reason.optional().describe("the event is ignored, for this reason or, with `true`, for any"),
    parked: reason.optional().describe("the event is parked, for this reason or, with `true`, for any"),
    erase: texts(text()).optional().describe("the contacts that are erased"),
  },
  "must be a mapping of the fields, or `ignored: reason`, `parked: reason` or `erase: [contact]`",
  "needs an `expect`: what the payload becomes",
).meta({
  allOf: ["ignored", "parked", "erase"].map((key) => provided({ required: [key] }, { maxProperties: 1 })),
});

export const exampleSchema = mapping(
  {
    name: text("needs a `name`").describe("what the example is about"),
    payload: z.unknown().optional().describe("the payload; a text stands for a body that is not JSON"),
    file: text().optional().describe("a file with the payload, found from the folder of the sources file"),
    type: text().optional().describe("the event's type where the provider sends it in a header"),
    headers: named(text()).optional().describe("headers of the request"),
    expect: expectSchema.describe("all fields of the update and no others, and the contact if you like"),
  },
  "must be a mapping of `name`, `payload` or `file`, and `expect`",
).meta({ oneOf: [{ required: ["payload"] }, { required: ["file"] }] });

/** Each bus by the key that holds its address: what it needs beside that, and what else it can be told. */
export const consumeKeys = {
  redis: { needs: ["stream"], takes: ["group", "start"] },
  nats: { needs: ["stream"], takes: ["subject", "durable", "start", "credentials"] },
  amqp: { needs: ["queue"], takes: [] },
} as const;

const everyConsumeKey = {
  redis: text().optional().describe("the address of Redis, in the forms of `REDIS_URL`"),
  nats: text()
    .optional()
    .describe("the address of NATS: `nats://` or `tls://`, several servers parted by commas"),
  amqp: text()
    .optional()
    .describe("the address of RabbitMQ: `amqp://` or `amqps://`, several servers parted by commas"),
  stream: text().optional().describe("`redis`, `nats`: the name of the stream"),
  group: text()
    .optional()
    .describe("`redis`: the consumer group that all replicas of the relay share; default `contact-relay`"),
  subject: texts(text())
    .optional()
    .describe("`nats`: which subjects of the stream, as in `crm.>`; absent means all"),
  durable: text()
    .optional()
    .describe("`nats`: the durable consumer that all replicas share; default `contact-relay`"),
  credentials: text()
    .optional()
    .describe("`nats`: the content of a credentials file, best from a variable of your own"),
  queue: text().optional().describe("`amqp`: the name of the queue"),
  start: oneOf(starts)
    .optional()
    .describe(
      "`redis`, `nats`: where a new group or consumer begins: at the `first` message (default), or at what is `new` " +
        "from then on",
    ),
};

const brokersOf = objectKeys(consumeKeys);

/** What a source pulls from. */
export const consumeSchema = mapping(
  everyConsumeKey,
  "must be a mapping of `redis`, `nats` or `amqp` and what belongs to it, as in `{ redis: …, stream: … }`",
).meta({
  oneOf: brokersOf.map((broker) => {
    const { needs, takes } = consumeKeys[broker];
    const own: readonly string[] = [broker, ...needs, ...takes];
    const others = objectKeys(everyConsumeKey).filter((key) => !own.includes(key));
    return {
      required: [broker, ...needs],
      properties: Object.fromEntries(others.map((key) => [key, false])),
    };
  }),
});

export const sourceName = "^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$";

const setting = (name: keyof typeof aboutProviderSettings) =>
  text().optional().describe(aboutProviderSettings[name].description);
const listSetting = (name: keyof typeof aboutProviderSettings) =>
  texts(text()).optional().describe(aboutProviderSettings[name].description);
const flagSetting = (name: keyof typeof aboutProviderSettings) =>
  z
    .union([z.boolean(), text().meta(variable)], { error: "must be true or false" })
    .optional()
    .describe(aboutProviderSettings[name].description);

export const sourceSchema = mapping({
  provider: text("needs a `provider`").describe("who sends: one of the providers' names"),
  destination: text()
    .optional()
    .describe(
      "which of `destinations` its contacts belong to; absent means the workspace of `AELYST_API_TOKEN`",
    ),
  secret: text().optional().describe("for providers that sign"),
  secrets: texts(text()).optional().describe("several secrets, of which any may match: rotation"),
  key: text()
    .optional()
    .describe(
      "for senders that can only send a shared key: `Authorization: Bearer`, `X-Webhook-Key`, basic-auth password or " +
        "`?key=` (never logged)",
    ),
  keys: texts(text()).optional().describe("several keys, of which any may match: rotation"),
  events: events.optional(),
  priority: oneOf(priorities)
    .optional()
    .describe("who goes first while many wait: `high`, `normal` (default) or `low`"),
  identify: identify.optional(),
  region: region.optional(),
  dates: dates.optional(),
  decimal: decimal.optional(),
  when: expression()
    .optional()
    .describe(
      "JSONata over the payload: an event for which it does not give `true` is ignored, reason `filtered`",
    ),
  map: mapSchema.optional().describe("how fields of the contact are made of the payload"),
  redirect: text().optional().describe("forms: where a browser is sent (`303`) when it wants HTML"),
  cors: texts(text())
    .optional()
    .describe("forms: origins whose scripts may post, as in `https://example.com`"),
  honeypot: text()
    .optional()
    .describe("forms: a field people do not see; filled, the post is answered as a success and ignored"),
  consume: consumeSchema
    .optional()
    .describe(
      "pulls from a bus, in place of being posted to or beside it: [docs/event-bus.md](event-bus.md)",
    ),
  examples: texts(exampleSchema)
    .optional()
    .describe("tests of the mapping, which `contact-relay check` runs"),
  public_url: setting("publicUrl"),
  verify_token: setting("verifyToken"),
  access_token: setting("accessToken"),
  api_url: setting("apiUrl"),
  topics: listSetting("topics"),
  pubsub: setting("pubsub"),
  bulk: flagSetting("bulk"),
  raw_payload: flagSetting("rawPayload"),
  audience: listSetting("audiences"),
  service_account: listSetting("serviceAccounts"),
  jwks_url: setting("jwksUrl"),
});

export const defaultsSchema = mapping({
  region: region.optional(),
  identify: identify.optional(),
  events: events.optional(),
  dates: dates.optional(),
  decimal: decimal.optional(),
});

/** One workspace beside others: where its contacts are changed, and how fast. */
export const destinationSchema = mapping({
  token: text("needs a `token`").describe("the workspace's bearer token, never logged"),
  url: text().optional().describe("where its API is; else as `AELYST_API_URL` says"),
  rate: z
    .union([z.number(), text()])
    .optional()
    .describe("ceiling in requests per second for all replicas together; else as `AELYST_RATE_LIMIT` says"),
  fields: text()
    .optional()
    .describe("`check` or `off`: hold values against its custom fields; else as `AELYST_FIELDS` says"),
  missing_contact: text()
    .optional()
    .describe("`park`, `wait` or `create`; else as `AELYST_MISSING_CONTACT` says"),
});

/** So that keys, tables and schemas can be named after it. */
export const destinationName = "^[a-z][a-z0-9_]{0,23}$";

export const sourcesSchema = mapping({
  defaults: defaultsSchema.optional().describe("what holds for every source that does not say otherwise"),
  destinations: named(destinationSchema, { pattern: destinationName })
    .optional()
    .describe("workspaces by name, beside the one of `AELYST_API_TOKEN`"),
  sources: named(sourceSchema, { pattern: sourceName }, "there are no sources: `sources` is missing")
    .meta({ minProperties: 1 })
    .describe("the sources by name: each is served at `/webhooks/<name>`"),
});

/** The keys that a mapping of the file may have. */
export type KeysOf<Schema extends z.ZodObject> = keyof Schema["shape"] & string;
