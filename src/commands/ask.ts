import type { Config } from "../config.ts";

const withinMs = 10_000;

/** Where a relay with these settings listens, as this machine reaches it. */
export function addressOf({ host, port }: Pick<Config, "host" | "port">): string {
  const reachable = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${reachable.includes(":") ? `[${reachable}]` : reachable}:${port}`;
}

/** What a running relay says of itself, or why it does not, for whoever runs the command. */
export async function askStatus(
  baseUrl: string,
  adminToken: string | undefined,
): Promise<{ ok: true; status: unknown; isStoreAway: boolean } | { ok: false; message: string }> {
  if (adminToken === undefined) {
    return {
      ok: false,
      message: "set ADMIN_TOKEN for the relay and for this command, so that it can be asked",
    };
  }
  const response = await fetch(`${baseUrl}/admin/status`, {
    headers: { authorization: `Bearer ${adminToken}` },
    redirect: "manual",
    signal: AbortSignal.timeout(withinMs),
  }).catch(() => undefined);
  const where = `the relay asked at ${baseUrl}`;
  if (!response) return { ok: false, message: `${where} does not answer` };
  switch (response.status) {
    case 200:
    case 503:
      return await response.json().then(
        (status: unknown) => ({ ok: true, status, isStoreAway: response.status === 503 }),
        () => ({ ok: false, message: `${where} answers no JSON: it is none` }),
      );
    case 401:
      return { ok: false, message: `${where} was started with another ADMIN_TOKEN` };
    case 404:
      return { ok: false, message: `${where} was started without ADMIN_TOKEN, or is no relay` };
    default:
      return { ok: false, message: `${where} answered ${response.status}` };
  }
}
