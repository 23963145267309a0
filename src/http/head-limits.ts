import type { ErrorCode } from "./schemas/error.ts";
import { errorBody } from "./webhooks.ts";

/** Request line and headers together, in bytes; above it Node itself answers 431. */
export const headBytesMax = 16_384;
export const targetLengthMax = 8_192;
export const headersMax = 100;

interface Head {
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
}

/** The answer to a request whose target is too long or that has too many headers, whatever it asks for. */
export function headRefusal({ url = "", rawHeaders }: Head): Response | undefined {
  if (url.length > targetLengthMax) {
    const message = `The address of the request is longer than ${targetLengthMax} characters.`;
    return refusal(414, "target-too-long", message);
  }
  if (rawHeaders.length > 2 * headersMax) {
    return refusal(431, "too-many-headers", `The request has more than ${headersMax} headers.`);
  }
  return undefined;
}

function refusal(status: number, code: ErrorCode, message: string): Response {
  return Response.json(errorBody(code, message), { status, headers: { Connection: "close" } });
}
