import * as z from "zod";

/** What is known of a setting beside its values: for messages, documents and the JSON Schema. */
export interface About {
  /** In Markdown; without a full stop at its end. */
  readonly description: string;
  /** Under which heading of `.env.example` it stands. */
  readonly group: Group;
  /** As it is written in the environment; undefined where there is none. */
  readonly default?: string | undefined;
  /** In place of a default in `.env.example`. */
  readonly example?: string;
  readonly unit?: string;
  /** Its value is never shown, and it may be given as a file. */
  readonly secret?: boolean;
  /** Addresses whose paths are secrets too: only their hosts are shown. */
  readonly secretPath?: boolean;
  readonly required?: boolean;
  /** The name in lower case counts too, and first, as with other programs. */
  readonly lowerCaseFirst?: boolean;
}

export const groups = [
  "The API",
  "Sources",
  "The store",
  "The process",
  "Limits and retention",
  "Delivery",
  "Notifications",
] as const;
export type Group = (typeof groups)[number];

/** What each setting is, beside what its schema says. */
export const aboutSettings = z.registry<About>();

/**
 * The kinds of settings. Each schema reads the text of a variable, trimmed and not empty; its messages follow the
 * variable's name: `PORT must be …`. A secret's message never holds its value.
 */
export function setting<Schema extends z.ZodType>(schema: Schema, about: About): Schema {
  aboutSettings.add(schema, about);
  return schema;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

export function wholeNumber({ min, max }: Bounds) {
  return numeric(z.int({ error: notBetween("a whole number", min, max) }), "a whole number", { min, max });
}

export function decimalNumber({ min, max }: Bounds) {
  return numeric(z.number(), "a number", { min, max });
}

function numeric(schema: z.ZodNumber, kind: string, { min, max }: Bounds) {
  const error = notBetween(kind, min, max);
  return z
    .string()
    .regex(/^[0-9]+(\.[0-9]+)?$/, { error, abort: true })
    .transform(Number)
    .pipe(schema.min(min, { error }).max(max, { error }));
}

function notBetween(kind: string, min: number, max: number) {
  return ({ input }: { readonly input?: unknown }) =>
    `must be ${kind} from ${min} to ${max}, not "${String(input)}"`;
}

export function flag() {
  return z.stringbool({
    truthy: ["true", "1", "yes", "on"],
    falsy: ["false", "0", "no", "off"],
    error: ({ input }) => `must be true or false, not "${String(input)}"`,
  });
}

export function choice<const Choice extends string>(choices: readonly Choice[]) {
  return z.enum(choices, {
    error: ({ input }) => `must be one of ${choices.join(", ")}, not "${String(input)}"`,
  });
}

export const text = () => z.string();

/** A token as it is sent in a header. */
export function token() {
  return z.string().superRefine((value, context) => {
    const problem = problemOfToken(value);
    if (problem !== undefined) context.addIssue(problem);
  });
}

function problemOfToken(value: string): string | undefined {
  if (/^bearer(\s|$)/i.test(value)) return 'begins with "Bearer": give the token alone';
  if (!/^[\x21-\x7e]+$/.test(value)) return "holds characters that cannot be sent in a header";
  return undefined;
}

/** An address that starts with one of `protocols`, as in `https:`. It may hold a password. */
export function address(protocols: readonly string[]) {
  const starts = protocols.map((protocol) => `${protocol}//`).join(" or ");
  return z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${starts}`,
    abort: true,
  });
}
