/**
 * The attribute of an event that was kept although it can never be read, with the reason. What a sender says under that name
 * is left out.
 */
export const unreadableBecause = "unreadable-because";

/** Of what cannot be read so much is kept for a person. */
const bytesKept = 8 * 1_048_576;

/** Bytes as text where they are one, else in base64. */
export function rawBody(body: Buffer): { text?: string; base64?: string; cutAt?: number } {
  const kept = body.subarray(0, bytesKept);
  const text = kept.toString("utf8");
  return {
    ...(Buffer.from(text, "utf8").equals(kept) ? { text } : { base64: kept.toString("base64") }),
    ...(body.length > bytesKept ? { cutAt: bytesKept } : {}),
  };
}
