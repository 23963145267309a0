import { posix } from "node:path";

/** One import of a file. `from` is a path below src for our own files, else a package's name. */
export interface Import {
  readonly from: string;
  readonly own: boolean;
  readonly typeOnly: boolean;
}

/** What the files of one room may use. Patterns match paths below src. */
interface Room {
  readonly room: string;
  readonly files: RegExp;
  readonly packages: readonly string[];
  readonly own: readonly RegExp[];
  /** May be imported for their types only. */
  readonly types?: readonly RegExp[];
  readonly everything?: boolean;
}

const contact = /^contact\//;
const providerShared =
  /^providers\/(provider|signature|standard-webhooks|timed-signature|body|json|text|fields|multipart|labels|answers|sample|cloud-event|cloud-event-binary|carried|unreadable)\.ts$/;
const outbound = /^outbound\//;
const storePort = /^store\/(store|event-log|notices|replays|replicas|wakes|sign-outs|person)\.ts$/;
const sourceTypes = /^sources\/source\.ts$/;
const settings = /^config\/(secret-file|settings)\.ts$/;
/** A bad address is a problem of the configuration, found by the code that connects with it. */
const redisAddress = /^store\/redis\/address\.ts$/;
const telemetry = /^telemetry\//;
/** How what needs a person, and how long it takes, is said: the same wherever it is told. */
const noticeWords = /^notices\/(kinds|until-done)\.ts$/;
const tracing = /^telemetry\/tracing\.ts$/;

const codeMirror = [
  ...["autocomplete", "commands", "lang-json", "lang-yaml", "language", "lint", "state", "view"].map(
    (part) => `@codemirror/${part}`,
  ),
  "@lezer/common",
  "@lezer/highlight",
];

/** The table of docs/architecture.md, the first row that a file matches. */
export const rooms: readonly Room[] = [
  {
    room: "contact/",
    files: contact,
    packages: ["zod", "libphonenumber-js", "i18n-iso-countries", "iso-639-1"],
    own: [contact],
  },
  {
    room: "providers/registry",
    files: /^providers\/registry\.ts$/,
    packages: [],
    own: [/^providers\/[^/]+\/index\.ts$/, providerShared],
  },
  {
    room: "providers/ (shared)",
    files: /^providers\/[^/]+\.ts$/,
    packages: ["zod"],
    own: [contact, providerShared],
  },
  { room: "providers/<p>/", files: /^providers\/[^/]+\//, packages: ["zod"], own: [contact, providerShared] },
  {
    room: "sources/",
    files: /^sources\//,
    packages: ["yaml", "jsonata", "zod"],
    own: [contact, /^providers\/[^/]+\.ts$/, /^sources\//, settings, redisAddress],
  },
  {
    room: "intake/published",
    files: /^intake\/published\./,
    packages: ["undici"],
    own: [outbound],
    types: [/^providers\/provider\.ts$/],
  },
  {
    room: "intake/",
    files: /^intake\//,
    packages: ["ulid"],
    own: [contact, storePort, /^intake\//],
    types: [sourceTypes, /^providers\/provider\.ts$/, tracing],
  },
  {
    room: "bus/redis-streams/",
    files: /^bus\/redis-streams\//,
    packages: ["ulid"],
    own: [
      /^bus\/(consumer|escaped)\.ts$/,
      /^bus\/redis-streams\//,
      /^store\/(redis\/(address|connections|look)|deadline)\.ts$/,
    ],
  },
  {
    room: "bus/nats/",
    files: /^bus\/nats\//,
    packages: ["@nats-io/jetstream", "@nats-io/transport-node"],
    own: [/^bus\/(consumer|escaped)\.ts$/, /^bus\/nats\//, /^store\/deadline\.ts$/],
  },
  {
    room: "bus/rabbitmq/",
    files: /^bus\/rabbitmq\//,
    packages: ["amqplib"],
    own: [/^bus\/(consumer|escaped)\.ts$/, /^bus\/rabbitmq\//, /^store\/deadline\.ts$/],
  },
  { room: "bus/", files: /^bus\/[^/]+\.ts$/, packages: [], own: [/^bus\/[^/]+\.ts$/] },
  {
    room: "delivery/workers",
    files: /^delivery\/workers\.ts$/,
    packages: ["bullmq"],
    own: [contact, /^delivery\//, storePort],
    types: [sourceTypes, telemetry],
  },
  {
    room: "delivery/lookup",
    files: /^delivery\/lookup\./,
    packages: ["undici"],
    own: [contact, /^delivery\//, outbound],
    types: [/^providers\/provider\.ts$/],
  },
  {
    room: "delivery/",
    files: /^delivery\//,
    packages: [],
    own: [contact, /^delivery\//, /^aelyst\//, storePort],
    types: [sourceTypes, /^providers\/provider\.ts$/, telemetry],
  },
  { room: "aelyst/", files: /^aelyst\//, packages: ["zod", "undici"], own: [contact, /^aelyst\//, outbound] },
  {
    room: "notices/",
    files: /^notices\//,
    packages: ["undici"],
    own: [/^notices\//, outbound, storePort, /^providers\/standard-webhooks\.ts$/],
  },
  { room: "outbound/", files: outbound, packages: ["undici"], own: [outbound] },
  {
    room: "store/",
    files: /^store\//,
    packages: ["bullmq", "ioredis", "pg", "@electric-sql/pglite", "ulid"],
    own: [contact, /^store\//],
  },
  {
    room: "http/",
    files: /^http\//,
    packages: ["hono", "@hono/node-server", "zod"],
    own: [contact, /^http\//, /^intake\//, /^providers\/json\.ts$/, /^telemetry\/scrub\.ts$/, storePort],
    types: [sourceTypes, /^providers\/provider\.ts$/, telemetry, /^delivery\//, /^notices\//],
  },
  {
    room: "console/islands/",
    files: /^console\/islands\//,
    packages: ["preact", "@preact/signals", "uplot", ...codeMirror],
    own: [/^console\/islands\//, /^console\/(words|query|paths|figures|needs)\.ts$/, noticeWords],
    types: [/^console\/answers\.ts$/],
  },
  {
    room: "console/",
    files: /^console\//,
    packages: ["hono", "zod"],
    own: [contact, /^console\/(?!islands\/)/, /^http\//, noticeWords],
    types: [telemetry],
  },
  {
    room: "telemetry/",
    files: telemetry,
    packages: ["pino", "prom-client", "@opentelemetry/api"],
    own: [/^contact\/trace-context\.ts$/, telemetry],
  },
  { room: "sandbox/", files: /^sandbox\//, packages: ["zod", "hono"], own: [contact, /^sandbox\//] },
  // A bad REDIS_URL is a problem of the configuration, found by the code that connects with it.
  {
    room: "config",
    files: /^config(\.ts$|\/)/,
    packages: ["zod"],
    own: [/^config(\.ts$|\/)/, /^store\/redis\/address\.ts$/, /^sources\/closest\.ts$/],
    types: [outbound],
  },
  { room: "commands/, main", files: /^(commands\/|main\.ts$)/, packages: [], own: [], everything: true },
];

const imported = new RegExp(
  [
    String.raw`(?:^|;)\s*(?:import|export)\s+(type\s+)?(?:[\w*{$][^;'"]*?\bfrom\s*)?["']([^"']+)["']`,
    String.raw`\b(?:import|require|import\.meta\.resolve)\(\s*["'\x60]([^"'\x60]+)["'\x60]`,
  ].join("|"),
  "gm",
);

/** The imports of a file's text, type-only ones marked. `file` is its path below src. */
export function importsOf(text: string, file: string): Import[] {
  const found: Import[] = [];
  for (const [, typeOnly, statically, dynamically] of text.matchAll(imported)) {
    const specifier = statically ?? dynamically ?? "";
    if (specifier.startsWith("node:")) continue;
    const own = specifier.startsWith(".");
    found.push({
      from: own ? resolve(file, specifier) : packageName(specifier),
      own,
      typeOnly: typeOnly !== undefined,
    });
  }
  return found;
}

/** A path below src; one that leaves src keeps its "..", which no room allows. */
function resolve(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier));
}

function packageName(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const environmentUse =
  /\bprocess\s*(?:\?\.|\.)\s*(?:env|argv|exit|exitCode)\b|\bprocess\[|=\s*process\s*[;,)\n]|["']node:process["']/;

const providerByName =
  /\bprovider(?:\.name|Name)?\s*[!=]==?\s*["'`]|["'`]\s*[!=]==?\s*(?:\w+\.)*provider(?:\.name|Name)?\b|\bswitch\s*\((?:\w+\.)*provider(?:\.name|Name)?\)/;

const linesMax = 400;

/** What is wrong with a file, each with what to do about it. */
export function violationsOf(file: string, text: string): string[] {
  const room = rooms.find((candidate) => candidate.files.test(file));
  if (!room) return [`${file} is in no room: give it one of ${rooms.map((one) => one.room).join(", ")}`];
  const violations: string[] = [];
  for (const { from, own, typeOnly } of room.everything ? [] : importsOf(text, file)) {
    const sameProvider = /^providers\/[^/]+\//.exec(file)?.[0];
    if (own && sameProvider !== undefined && from.startsWith(sameProvider)) continue;
    const typesAllowed = own && room.types?.some((pattern) => pattern.test(from)) === true;
    const allowed = own
      ? room.own.some((pattern) => pattern.test(from)) || (typeOnly && typesAllowed)
      : room.packages.includes(from);
    if (allowed) continue;
    violations.push(
      typesAllowed
        ? `${file} imports ${from}, of which the room ${room.room} may use only types: make it \`import type\`, ` +
            `or pass the value in from commands/`
        : `${file} imports ${from}, which the room ${room.room} may not use (docs/architecture.md): ` +
            `pass it in from commands/, or move the code to the room where it belongs`,
    );
  }
  if (file !== "main.ts" && environmentUse.test(text)) {
    violations.push(`${file} uses process.env, argv or exit; only main.ts does: pass the value in`);
  }
  if (!file.startsWith("providers/") && providerByName.test(text)) {
    violations.push(`${file} asks for a provider by name; give the provider contract a property instead`);
  }
  if (/(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file)) {
    violations.push(`${file} is named for nothing in particular; name it for what it does`);
  }
  const lines = text.trimEnd().split("\n").length;
  if (lines > linesMax) violations.push(`${file} has ${lines} lines: split it so that a reader can hold it`);
  return violations;
}

/** Circles of imports, types too: each as the files one meets from one of them back to it. */
export function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  function visit(file: string): void {
    const at = path.indexOf(file);
    if (at !== -1) circles.push([...path.slice(at), file]);
    if (at !== -1 || done.has(file)) return;
    path.push(file);
    for (const other of imports.get(file) ?? []) visit(other);
    path.pop();
    done.add(file);
  }
  for (const file of imports.keys()) visit(file);
  return circles;
}
