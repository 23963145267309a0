import { anySecret, hmacSha256, matches, withinTolerance } from "../signature.ts";
import type { Credentials, InboundRequest, OutboundRequest, Verification } from "../provider.ts";

/** HubSpot's table of the escapes that are decoded before hashing: `: / ? @ ! $ ' ( ) * , ;` and no others. */
const decodedEscapes = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;

/**
 * `X-HubSpot-Signature-v3`: base64 HMAC-SHA256 of method, address, raw body and `X-HubSpot-Request-Timestamp`
 * (milliseconds), with the app's client secret as key. The older v1 and v2 are plain hashes that cover no time: a
 * request once seen could be sent again for ever. HubSpot sends v3 beside them, so they are never taken.
 */
export function verify(request: InboundRequest, credentials: Credentials, now: number): Verification {
  const signature = request.headers["x-hubspot-signature-v3"];
  if (signature === undefined) return refused(reasonWithout(request));
  const time = request.headers["x-hubspot-request-timestamp"];
  // Of one length only, so that no digit can move between the body and the time that follows it.
  if (time === undefined || !/^\d{13}$/.test(time)) {
    return refused("no readable time in X-HubSpot-Request-Timestamp");
  }
  const { publicUrl } = credentials;
  if (publicUrl === undefined || publicUrl === "") {
    return refused(
      "HubSpot signs the address it calls, and no public address is configured: set PUBLIC_URL, or public_url in SOURCES_FILE",
    );
  }
  const addresses = signedAddresses(publicUrl + request.target);
  const proven = anySecret(credentials.secrets, (secret) => {
    const proving = addresses.filter((address) =>
      matches(digest(secret, request.method, address, request.body, time), signature, "base64"),
    );
    return proving.length > 0;
  });
  if (!proven) return refused("no secret makes this v3 signature for the configured public address");
  if (!withinTolerance(Number(time), now)) return refused("signed more than 300 s away");
  return { ok: true };
}

export function sign(
  request: Pick<OutboundRequest, "headers" | "body">,
  secret: string,
  now: number,
  address = "",
): OutboundRequest {
  const time = String(now);
  const signature = digest(secret, "POST", decodeAddress(address), request.body, time).toString("base64");
  const headers = {
    ...request.headers,
    "x-hubspot-request-timestamp": time,
    "x-hubspot-signature-v3": signature,
  };
  return { headers, query: {}, body: request.body };
}

function digest(secret: string, method: string, address: string, body: Buffer, time: string): Buffer {
  return hmacSha256(secret, method, address, body, time);
}

/** Decoded, as HubSpot's page has it, and as it was received, which is what HubSpot's own libraries hash. */
function signedAddresses(address: string): readonly string[] {
  return [...new Set([decodeAddress(address), address])];
}

function decodeAddress(address: string): string {
  return address.replaceAll(decodedEscapes, (escape) =>
    String.fromCharCode(Number.parseInt(escape.slice(1), 16)),
  );
}

function reasonWithout(request: InboundRequest): string {
  return request.headers["x-hubspot-signature"] === undefined
    ? "no X-HubSpot-Signature-v3 header"
    : "no X-HubSpot-Signature-v3 header; the older X-HubSpot-Signature covers no time and is not accepted";
}

function refused(reason: string): Verification {
  return { ok: false, reason };
}
