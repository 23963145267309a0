import type { Options } from "amqplib";

/** One server, as the client wants it told. */
export interface RabbitAddress {
  readonly options: Options.Connect;
  /** `host:port`, for people. */
  readonly server: string;
  readonly virtualHost: string;
}

const defaultPorts: Readonly<Record<string, number>> = { amqp: 5672, amqps: 5671 };
/** A connection that is silent for two or three of these is given up. */
const heartbeatSeconds = 20;

/** Reads an `amqp://` or `amqps://` URL, which the configuration has checked. */
export function readAddress(text: string): RabbitAddress {
  const url = new URL(text);
  const protocol = url.protocol.slice(0, -1);
  const hostname = url.hostname.replaceAll(/^\[|\]$/g, "");
  const port = url.port === "" ? (defaultPorts[protocol] ?? 0) : Number(url.port);
  const path = url.pathname.slice(1);
  const heartbeat = Number(url.searchParams.get("heartbeat") ?? heartbeatSeconds);
  const isAnonymous = url.username === "" && url.password === "";
  return {
    options: {
      protocol,
      hostname,
      port,
      ...(isAnonymous ? {} : { username: decoded(url.username), password: decoded(url.password) }),
      // The client decodes it once more.
      ...(path === "" ? {} : { vhost: path }),
      heartbeat: Number.isInteger(heartbeat) && heartbeat >= 0 ? heartbeat : heartbeatSeconds,
    },
    server: `${url.hostname}:${port}`,
    virtualHost: path === "" ? "/" : decoded(path),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
