interface Node {
  readonly host: string;
  readonly port: number;
}

interface Access {
  readonly username?: string;
  readonly password?: string;
  readonly tls: boolean;
  readonly family?: 4 | 6;
}

/** Where a Redis is, and how to sign in there: what `REDIS_URL` says. */
export type RedisAddress = Access &
  (
    | { readonly kind: "single"; readonly nodes: readonly [Node]; readonly database: number }
    | {
        readonly kind: "sentinel";
        readonly nodes: readonly Node[];
        readonly master: string;
        readonly database: number;
        readonly sentinelUsername?: string;
        readonly sentinelPassword?: string;
      }
    | { readonly kind: "cluster"; readonly nodes: readonly Node[] }
  );

export type RedisAddressResult =
  { readonly ok: true; readonly address: RedisAddress } | { readonly ok: false; readonly problem: string };

const schemes = {
  redis: { kind: "single", tls: false },
  rediss: { kind: "single", tls: true },
  "redis+sentinel": { kind: "sentinel", tls: false },
  "rediss+sentinel": { kind: "sentinel", tls: true },
  "redis+cluster": { kind: "cluster", tls: false },
  "rediss+cluster": { kind: "cluster", tls: true },
} as const;

const defaultPorts = { single: 6379, cluster: 6379, sentinel: 26_379 } as const;
const databaseMax = 1_000_000;

/** A part of the URL that cannot be read. The text never repeats the URL: it carries passwords. */
class Problem extends Error {}

/**
 * Reads `redis://`, `rediss://` and their `+sentinel` and `+cluster` forms, which name several hosts:
 * `redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0`, `redis+cluster://host1:7000,host2:7001`.
 */
export function parseRedisUrl(text: string): RedisAddressResult {
  try {
    return { ok: true, address: readAddress(text) };
  } catch (error) {
    if (error instanceof Problem) return { ok: false, problem: error.message };
    throw error;
  }
}

function readAddress(text: string): RedisAddress {
  const parts = /^([a-z+]+):\/\/([^/?]*)([^?]*)(?:\?(.*))?$/i.exec(text);
  const [, scheme = "", authority = "", path = "", query = ""] = parts ?? [];
  const form = Object.entries(schemes).find(([name]) => name === scheme.toLowerCase())?.[1];
  if (!parts || !form) {
    const forms = Object.keys(schemes).map((name) => `${name}://`);
    throw new Problem(`must be a URL that starts with ${forms.slice(0, -1).join(", ")} or ${forms.at(-1)}`);
  }
  if (path.includes("@")) throw new Problem(unreadableHost);
  const signIn = authority.lastIndexOf("@");
  const nodes = readNodes(authority.slice(signIn + 1), defaultPorts[form.kind]);
  const options = readOptions(query, form.kind);
  const access: Access = {
    ...(signIn === -1 ? {} : readSignIn(authority.slice(0, signIn))),
    tls: form.tls,
    ...readFamily(options),
  };
  const segments = path
    .split("/")
    .slice(1)
    .filter((segment) => segment !== "");
  switch (form.kind) {
    case "single": {
      if (nodes.length > 1) throw new Problem(severalHosts);
      const database = readDatabase(segments);
      return { ...access, kind: "single", nodes: [nodes[0]], database };
    }
    case "sentinel": {
      const [master, ...rest] = segments;
      if (master === undefined || !/^[\w.-]+$/.test(master)) {
        throw new Problem(
          "must name the master that the sentinels watch: redis+sentinel://host:26379/mymaster",
        );
      }
      const [username, password] = [options.get("sentinelUsername"), options.get("sentinelPassword")];
      return {
        ...access,
        kind: "sentinel",
        nodes,
        master,
        database: readDatabase(rest),
        ...(username === null ? {} : { sentinelUsername: username }),
        ...(password === null ? {} : { sentinelPassword: password }),
      };
    }
    case "cluster":
      if (readDatabase(segments) !== 0) throw new Problem("names a database, but a Redis Cluster has only 0");
      return { ...access, kind: "cluster", nodes };
  }
}

const unreadableHost =
  "has a host that cannot be read: write host:port, several separated by commas, and percent-encode " +
  "what is special in a password (@ as %40, / as %2F, ? as %3F)";
const severalHosts =
  "names several hosts: use redis+sentinel://host1,host2/mymaster or redis+cluster://host1,host2 for those";

function readNodes(text: string, defaultPort: number): [Node, ...Node[]] {
  const [first, ...rest] = text.split(",").map((part) => {
    const [, name, port] = /^(\[[0-9a-f:.%]+\]|[a-z0-9._-]*)(?::([0-9]+))?$/i.exec(part.trim()) ?? [];
    const number = port === undefined ? defaultPort : Number(port);
    if (name === undefined || number < 1 || number > 65_535) {
      throw new Problem(unreadableHost);
    }
    return { host: name === "" ? "localhost" : name.replaceAll(/[[\]]/g, ""), port: number };
  });
  if (!first) throw new Problem("must name a host");
  return [first, ...rest];
}

function readSignIn(text: string): { username?: string; password?: string } {
  const colon = text.indexOf(":");
  const username = decode(colon === -1 ? text : text.slice(0, colon));
  const password = colon === -1 ? "" : decode(text.slice(colon + 1));
  if (username !== "" && password === "") {
    throw new Problem("names a user without a password; a password alone is written redis://:password@host");
  }
  return { ...(username === "" ? {} : { username }), ...(password === "" ? {} : { password }) };
}

function readDatabase([text, ...others]: readonly string[]): number {
  const database = text === undefined ? 0 : /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (others.length > 0 || !(database <= databaseMax)) {
    throw new Problem("ends in something that is not the number of a database, such as /0");
  }
  return database;
}

function readOptions(query: string, kind: RedisAddress["kind"]): URLSearchParams {
  const known = kind === "sentinel" ? ["family", "sentinelUsername", "sentinelPassword"] : ["family"];
  const options = new URLSearchParams(query);
  for (const name of options.keys()) {
    if (known.includes(name)) continue;
    // What comes after a ? may be the rest of a password.
    const named = query.includes("@") ? "an unknown option" : `the unknown option ${name.slice(0, 40)}`;
    throw new Problem(`has ${named}; known are ${known.join(", ")}. In a password write ? as %3F`);
  }
  return options;
}

function readFamily(options: URLSearchParams): { family?: 4 | 6 } {
  switch (options.get("family")) {
    case null:
      return {};
    case "4":
      return { family: 4 };
    case "6":
      return { family: 6 };
    default:
      throw new Problem("has a family that is neither 4 nor 6");
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Problem("has a % that begins no percent-encoding: write it as %25");
  }
}

/** For messages: hosts and ports, without user and password. */
export function describeAddress(address: RedisAddress): string {
  const nodes = address.nodes.map(({ host, port }) => `${host.includes(":") ? `[${host}]` : host}:${port}`);
  switch (address.kind) {
    case "single":
      return nodes.join(",");
    case "sentinel":
      return `${address.master} of the sentinels ${nodes.join(", ")}`;
    case "cluster":
      return `the cluster ${nodes.join(", ")}`;
  }
}
