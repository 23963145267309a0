import type { ConnectionOptions, TlsOptions } from "@nats-io/transport-node";

/** One server, and how to prove oneself to it. */
export interface NatsAddress {
  /** Host and port, and nothing else: fit for people to see. */
  readonly server: string;
  readonly options: Pick<ConnectionOptions, "servers" | "user" | "pass" | "token"> & {
    /** The transport hands all of it to Node. */
    readonly tls?: TlsOptions & { readonly host: string };
  };
}

/** Of `nats://` and `tls://`, with `user:password@`, a token alone before the `@`, or neither. */
export function addressOf(url: string): NatsAddress {
  const { protocol, hostname, port, username, password } = new URL(url);
  const server = `${hostname}:${port === "" ? "4222" : port}`;
  // The name that a certificate is checked against, where it is an IP address: without it, "localhost" would be.
  const tls = protocol === "tls:" ? { tls: { host: hostname.replace(/^\[|\]$/g, "") } } : {};
  const [user, pass] = [decoded(username), decoded(password)];
  const proof = user === "" ? {} : password === "" ? { token: user } : { user, pass };
  return { server, options: { servers: [server], ...tls, ...proof } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As its reader wants it: a variable may have lost the line ends, or the one at the end. */
export function credentialsOf(content: string): Uint8Array {
  const lines = content.replaceAll(String.raw`\n`, "\n").replaceAll("\r", "");
  return Buffer.from(`${lines.trim()}\n`);
}
