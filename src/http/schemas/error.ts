import { z } from "zod";

/** What an error is told apart by. A new one is added here first. */
export const errorCodes = [
  "forbidden",
  "gone",
  "malformed",
  "method-not-allowed",
  "not-finished",
  "not-found",
  "target-too-long",
  "too-large",
  "too-many-headers",
  "too-many-wrong-tokens",
  "unauthorized",
  "unavailable",
  "unknown-source",
  "unsupported-media-type",
  "unverified",
] as const;
export type ErrorCode = (typeof errorCodes)[number];

export const errorAnswer = z
  .strictObject({
    error: z.strictObject({
      code: z.enum(errorCodes).describe("For programs. It does not change."),
      message: z.string().describe("For people. It may change, and holds nothing that was sent."),
    }),
  })
  .meta({
    description: "Why a request was not carried out.",
    examples: [{ error: { code: "not-found", message: "Nothing is parked under this id." } }],
  });
export type ErrorAnswer = z.infer<typeof errorAnswer>;
