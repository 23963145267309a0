import { z } from "zod";
import { headersMax, targetLengthMax } from "../head-limits.ts";
import { errorAnswer } from "../schemas/error.ts";

/** One answer of an operation. */
export interface Answer {
  readonly description: string;
  /** What its body is, by content type. Undefined where there is none. */
  readonly content?: Readonly<Record<string, z.ZodType>>;
  /** The body may also be empty, without a content type. */
  readonly mayBeEmpty?: true;
  /** Headers that matter to whoever reads it, each with what it says. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What is done by one method on one path. */
export interface Operation {
  readonly method: "get" | "post" | "delete" | "options";
  /** With its parameters in braces. */
  readonly path: `/${string}`;
  readonly id: string;
  readonly tag: TagName;
  readonly summary: string;
  readonly description?: string;
  /** Of the path, by name. */
  readonly parameters?: Readonly<Record<string, z.ZodType>>;
  readonly query?: Readonly<Record<string, z.ZodType>>;
  readonly body?: { readonly description: string; readonly content: Readonly<Record<string, z.ZodType>> };
  /** By status, without those that every operation has. */
  readonly answers: Readonly<Record<number, Answer>>;
}

export const tags = {
  webhooks: "Events from outside. Each source is proven by its own signature or key.",
  health: "For probes and for Prometheus.",
  admin:
    "For operators: the bearer token in `ADMIN_TOKEN`, without which everything here is 404. " +
    "`ADMIN_READ_TOKEN` lets in for reading alone, with personal data masked; the console's cookie as its sign-in says. " +
    "After ten wrong tokens within a minute further wrong ones are 429 for a minute.",
} as const;
type TagName = keyof typeof tags;

export function json(description: string, body: z.ZodType): Answer {
  return { description, content: { "application/json": body } };
}

export function failed(description: string, headers?: Answer["headers"]): Answer {
  return { ...json(description, errorAnswer), ...(headers ? { headers } : {}) };
}

const bearerAsked = { "WWW-Authenticate": "`Bearer`" };
const secondsToWait = { "Retry-After": "Seconds to wait." };

/** Answers to whoever shows no admin token, or a wrong one. */
export const tokenRefused = {
  401: failed("The admin token is missing or wrong.", bearerAsked),
  429: failed("Too many wrong admin tokens. The right one is let in at any time.", secondsToWait),
} satisfies Operation["answers"];

/** What any operation below `/admin` may answer. */
export const operatorAnswers = {
  ...tokenRefused,
  403: failed(
    "The token is that in `ADMIN_READ_TOKEN`, which is for reading alone; or a page of another origin has asked.",
  ),
  404: failed("There is no such thing, or `ADMIN_TOKEN` is not set."),
  503: failed("The store does not answer."),
} satisfies Operation["answers"];

/** What is said before anybody looks at what is asked for. */
export const doorAnswers = {
  414: failed(`The address of the request is longer than ${targetLengthMax} characters.`),
  431: failed(`The request has more than ${headersMax} headers.`),
} satisfies Operation["answers"];
