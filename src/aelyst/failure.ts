/** Why there was no answer. */
export interface Failure {
  readonly reason: "network" | "timeout";
  readonly message: string;
}

const timeoutCodes: ReadonlySet<string> = new Set([
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
  "UND_ERR_HEADERS_TIMEOUT",
  "UND_ERR_BODY_TIMEOUT",
]);

/** What a rejected `fetch` says, by the network's own code where there is one: `ECONNREFUSED`, `UND_ERR_SOCKET`. */
export function failureOf(error: unknown): Failure {
  const code = codeOf(error);
  if (code !== undefined) return { reason: timeoutCodes.has(code) ? "timeout" : "network", message: code };
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error) return { reason: "network", message: cause.message || "no answer" };
  // fetch refuses a URL or a header before it sends anything, and quotes it: its words are not repeated.
  return { reason: "network", message: "no request can be made with this URL and token" };
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("code" in error && typeof error.code === "string") return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return "cause" in error ? codeOf(error.cause) : undefined;
}
