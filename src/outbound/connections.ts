import { EnvHttpProxyAgent, Pool, type Dispatcher } from "undici";
import { ProxyFailure } from "./failure.ts";

/** Addresses of proxies, user and password included: never to be told to anyone. */
export interface Proxies {
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are reached without one, in the words of `NO_PROXY`. */
  readonly none: string;
}

/** Per address: 1000 requests per second of which each takes a quarter of a second. */
const connectionsMax = 256;
/** A connection that waits is let go of before a server does that says nothing of it, or one in between. */
const idleMs = 4_000;
const idleMaxMs = 60_000;
const proxyTimeoutMs = 10_000;

/**
 * What every request to the outside goes over: connections that are kept, HTTP/1.1, one request at a time on each,
 * through a proxy where one is set. `onTunnel` hears of each tunnel that is asked for, by the origin of its proxy.
 */
export function createConnections(proxies: Proxies, onTunnel?: (proxy: string) => void): Dispatcher {
  return new EnvHttpProxyAgent({
    // Empty, not absent: what is absent it takes from the environment of the process.
    httpProxy: proxies.http ?? "",
    httpsProxy: proxies.https ?? "",
    noProxy: proxies.none,
    clientFactory: (proxy) => new ProxyPool(proxy.origin, onTunnel),
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: idleMs,
    keepAliveMaxTimeout: idleMaxMs,
    // Whoever asks has one time for the whole answer.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
}

type TunnelOptions = Omit<Dispatcher.ConnectOptions, "origin">;
type TunnelCallback = (error: Error | null, data: Dispatcher.ConnectData) => void;

/** Says whose failure it is. Without that undici takes a proxy that hangs up for a server that did, and asks it again at once. */
class ProxyPool extends Pool {
  readonly #proxy: string;
  readonly #onTunnel: ((proxy: string) => void) | undefined;

  constructor(proxy: string, onTunnel: ((proxy: string) => void) | undefined) {
    super(proxy, { headersTimeout: proxyTimeoutMs, connectTimeout: proxyTimeoutMs });
    this.#proxy = proxy;
    this.#onTunnel = onTunnel;
  }

  override connect(options: TunnelOptions): Promise<Dispatcher.ConnectData>;
  override connect(options: TunnelOptions, callback: TunnelCallback): void;
  override connect(
    options: TunnelOptions,
    callback?: TunnelCallback,
  ): Promise<Dispatcher.ConnectData> | undefined {
    this.#onTunnel?.(this.#proxy);
    if (!callback) {
      return super.connect(options).catch((error: unknown) => {
        throw new ProxyFailure(error);
      });
    }
    super.connect(options, (error, data) => callback(error && new ProxyFailure(error), data));
    return undefined;
  }
}
