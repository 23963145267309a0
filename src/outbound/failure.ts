import { errors } from "undici";

/** Why there was no answer. */
export interface Failure {
  readonly reason: "network" | "timeout";
  readonly message: string;
}

/** A proxy could not be reached, or ended the connection. */
export class ProxyFailure extends Error {
  constructor(cause: unknown) {
    super("the proxy failed", { cause });
  }
}

const timeoutCodes: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** undici refuses a URL or a header before it sends anything, and may quote it: its words are not repeated. */
const notSent: Failure = { reason: "network", message: "no request can be made with this URL and token" };

/** What a failed request says, by the network's own code where there is one: `ECONNREFUSED`, `UND_ERR_SOCKET`. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ProxyFailure) {
    const { reason, message } = failureOf(error.cause);
    return { reason, message: `proxy: ${message}` };
  }
  const refusal = error instanceof Error ? /^Proxy response \((\d{3})\)/.exec(error.message) : null;
  if (refusal) return { reason: "network", message: `proxy: HTTP ${refusal[1]}` };
  // This one has no code in undici 7, and it quotes the answer.
  if (error instanceof errors.HTTPParserError)
    return { reason: "network", message: "an answer that is no HTTP/1.1" };
  const code = codeOf(error);
  if (code === "UND_ERR_INVALID_ARG") return notSent;
  if (code !== undefined) return { reason: timeoutCodes.has(code) ? "timeout" : "network", message: code };
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return { reason: "network", message: cause.message || "no answer" };
  return notSent;
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return "cause" in error ? codeOf(error.cause) : undefined;
}
