import { identifierKinds, type IdentifierKind } from "../contact/contact-ref.ts";
import type { Writing } from "../contact/custom-field.ts";
import type { RegionCode } from "../contact/normalize.ts";
import { priorities, type Priority } from "../contact/priority.ts";
import type { Credentials, Provider } from "../providers/provider.ts";
import { didYouMean } from "./closest.ts";
import { defaultIdentify, type SourceConfig } from "./create-source.ts";
import {
  noMapping,
  readExpression,
  readFieldMapping,
  readRegion,
  readWriting,
  type FieldMapping,
  type MapEntries,
} from "./field-mapping.ts";
import { readConsume } from "./consume.ts";
import { readDestinationOf, readDestinations, type Destination } from "./destinations.ts";
import { readExamples } from "./examples.ts";
import { readFormSettings } from "./form-settings.ts";
import type { Environment } from "../config/secret-file.ts";
import { aboutProviderSettings, readProviderSettings } from "./provider-settings.ts";
import { sourceName, sourcesSchema, type defaultsSchema, type KeysOf, type sourceSchema } from "./schema.ts";
import { checkStructure } from "./structure.ts";
import { YamlFile, type Entry, type Located } from "./yaml-file.ts";

export type SourcesFile =
  | { ok: true; sources: readonly SourceConfig[]; destinations: readonly Destination[] }
  | { ok: false; problems: readonly string[] };

type Settings = ReadonlyMap<KeysOf<typeof sourceSchema>, Entry>;

const unmapped: { mapping: FieldMapping; entries: MapEntries } = { mapping: noMapping, entries: new Map() };

interface Defaults {
  readonly region: RegionCode | undefined;
  readonly identify: readonly IdentifierKind[] | undefined;
  readonly events: readonly string[] | undefined;
  readonly writing: Writing;
}

/** Reads and checks the whole file; every mistake is named with line, column and path, in the file's order. */
export function readSourcesFile(
  text: string,
  fileName: string,
  env: Environment,
  providers: readonly Provider[],
): SourcesFile {
  const file = new YamlFile(text, fileName, env);
  if (file.isBroken) return { ok: false, problems: file.problems };
  const read = readRoot(file, env, providers);
  return file.problems.length > 0 ? { ok: false, problems: file.problems } : { ok: true, ...read };
}

interface Root {
  readonly sources: readonly SourceConfig[];
  readonly destinations: readonly Destination[];
}

function readRoot(file: YamlFile, env: Environment, providers: readonly Provider[]): Root {
  if (file.isNull(file.root)) {
    file.report(file.root, "there are no sources: the file is empty");
    return { sources: [], destinations: [] };
  }
  checkStructure(file, sourcesSchema);
  const top = file.fields<KeysOf<typeof sourcesSchema>>(file.root);
  const defaults = readDefaults(file, top.get("defaults"));
  const destinations = readDestinations(file, top.get("destinations"));
  const named = top.get("destinations");
  const names = named ? file.entries(named.value).map(({ name }) => name) : [];
  const sources = top.get("sources");
  if (!sources) return { sources: [], destinations };
  const entries = file.entries(sources.value);
  if (entries.length === 0 && file.isMapping(sources.value)) {
    file.report(sources.key, "there are no sources: name at least one");
  }
  return {
    sources: entries.flatMap((entry) => readSource(file, env, entry, providers, defaults, names) ?? []),
    destinations,
  };
}

function readDefaults(file: YamlFile, entry: Entry | undefined): Defaults {
  const settings: ReadonlyMap<KeysOf<typeof defaultsSchema>, Entry> = entry
    ? file.fields(entry.value)
    : new Map();
  return {
    region: read(settings.get("region"), (at) => readRegion(file, at)),
    identify: read(settings.get("identify"), (at) => readIdentify(file, at)),
    events: read(settings.get("events"), (at) => readEvents(file, at)),
    writing: readWriting(file, settings),
  };
}

function read<Value>(entry: Entry | undefined, reader: (at: Located) => Value): Value | undefined {
  return entry && reader(entry.value);
}

function readSource(
  file: YamlFile,
  env: Environment,
  entry: Entry,
  providers: readonly Provider[],
  defaults: Defaults,
  destinations: readonly string[],
): SourceConfig | undefined {
  const { name } = entry;
  if (!new RegExp(sourceName).test(name)) {
    file.report(
      entry.key,
      "is no name of a source: letters, digits, - and _, at most 63, as it stands in the URL",
    );
  }
  const settings: Settings = file.fields(entry.value);
  if (!file.isMapping(entry.value)) return undefined;
  const provider = readProvider(file, settings, providers);
  const identify =
    read(settings.get("identify"), (at) => readIdentify(file, at)) ?? defaults.identify ?? defaultIdentify;
  const map = settings.get("map");
  const { mapping, entries } = map ? readFieldMapping(file, map.value) : unmapped;
  if (provider) checkMapping(file, entry, settings, { provider, identify, mapping, entries });
  const config = {
    name,
    destination: readDestinationOf(file, settings.get("destination"), destinations),
    credentials: readCredentials(file, entry, settings, provider),
    settings: readProviderSettings(file, entry, settings, provider, env),
    events: read(settings.get("events"), (at) => readEvents(file, at)) ?? defaults.events,
    priority: read(settings.get("priority"), (at) => readPriority(file, at)) ?? "normal",
    identify,
    region: read(settings.get("region"), (at) => readRegion(file, at)) ?? defaults.region,
    writing: joinedWriting(readWriting(file, settings), defaults.writing),
    when: read(settings.get("when"), (at) => readExpression(file, at)),
    mapping,
    mapText: map && file.yamlOf(map.value),
    consume: readConsume(file, settings.get("consume")),
    examples: read(settings.get("examples"), (at) => readExamples(file, at)) ?? [],
    ...readFormSettings(file, settings, provider),
  };
  return provider && { ...config, provider };
}

function joinedWriting(own: Writing, usual: Writing): Writing {
  return { dates: own.dates ?? usual.dates, decimal: own.decimal ?? usual.decimal };
}

function readProvider(
  file: YamlFile,
  settings: Settings,
  providers: readonly Provider[],
): Provider | undefined {
  const at = settings.get("provider")?.value;
  const text = at && file.text(at);
  if (!at || text === undefined) return undefined;
  const provider = providers.find((known) => known.name === text);
  if (!provider) {
    const names = providers.map((known) => known.name);
    file.report(at, `"${text}" is no provider${didYouMean(text, names)} (there are: ${names.join(", ")})`);
  }
  return provider;
}

function readCredentials(
  file: YamlFile,
  entry: Entry,
  settings: Settings,
  provider: Provider | undefined,
): Pick<Credentials, "secrets" | "keys"> {
  const readProofs = (one: "secret" | "key", several: "secrets" | "keys") => {
    const single = read(settings.get(one), (at) => file.text(at));
    const list = read(settings.get(several), (at) => file.texts(at).map(({ text }) => text));
    return [...(single === undefined ? [] : [single]), ...(list ?? [])];
  };
  const credentials = { secrets: readProofs("secret", "secrets"), keys: readProofs("key", "keys") };
  if (!provider) return credentials;
  const signs = provider.proof === "secrets";
  const wanted = signs ? (["secret", "secrets"] as const) : (["key", "keys"] as const);
  const unwanted = signs ? (["key", "keys"] as const) : (["secret", "secrets"] as const);
  const proves = signs ? "signs its requests" : "cannot sign, it sends a shared key";
  for (const name of unwanted) {
    const setting = settings.get(name);
    if (setting) file.report(setting.key, `is not used: ${provider.name} ${proves}; give \`${wanted[0]}\``);
  }
  const attested = provider.attestation?.needs.map((setting) => aboutProviderSettings[setting].key);
  const isAttested = attested?.some((name) => settings.has(name)) === true;
  if (!wanted.some((name) => settings.has(name)) && !settings.has("consume") && !isAttested) {
    const otherwise = attested?.map((name) => `\`${name}\``).join(" and ");
    const needs =
      otherwise === undefined
        ? `\`${wanted[0]}\` or \`${wanted[1]}\`: ${provider.name} ${proves}`
        : `\`${wanted[0]}\`, or ${otherwise}: what proves ${provider.name}`;
    file.report(entry.key, `needs ${needs}`);
  }
  return credentials;
}

function readIdentify(file: YamlFile, at: Located): readonly IdentifierKind[] {
  const kinds: IdentifierKind[] = [];
  for (const { text, at: item } of file.texts(at)) {
    const kind = identifierKinds.find((known) => known === text);
    if (kind === undefined) {
      const hint = didYouMean(text, identifierKinds);
      file.report(item, `"${text}" does not name a contact: ${identifierKinds.join(", ")} do${hint}`);
    } else if (kinds.includes(kind)) file.report(item, `"${kind}" is named twice`);
    else kinds.push(kind);
  }
  return kinds;
}

function readPriority(file: YamlFile, at: Located): Priority | undefined {
  const text = file.text(at);
  if (text === undefined) return undefined;
  const priority = priorities.find((known) => known === text);
  if (priority === undefined) {
    const names = priorities.map((known) => JSON.stringify(known)).join(", ");
    file.report(at, `"${text}" is no priority (${names})${didYouMean(text, priorities)}`);
  }
  return priority;
}

function readEvents(file: YamlFile, at: Located): readonly string[] {
  const patterns = file.texts(at);
  for (const { text, at: item } of patterns) {
    if (text !== text.trim() || /\p{Cc}/u.test(text)) {
      file.report(item, "is no pattern of event types: it begins or ends with a space, or has a line break");
    }
  }
  return patterns.map(({ text }) => text);
}

/** What makes no sense where nothing is ever mapped. */
export const notForNever = ["map", "when", "consume"] as const;

/** Whether the source could ever name a contact, and whether all that is mapped is used. */
function checkMapping(
  file: YamlFile,
  entry: Entry,
  settings: Settings,
  source: {
    provider: Provider;
    identify: readonly IdentifierKind[];
    mapping: FieldMapping;
    entries: MapEntries;
  },
): void {
  const { provider, identify, mapping, entries } = source;
  const map = settings.get("map");
  if (provider.mapping === "never") {
    for (const name of notForNever) {
      const setting = settings.get(name);
      if (!setting) continue;
      const why = "only says which contacts the API has, and wakes what waits for them";
      file.report(setting.key, `is not used: ${provider.name} is never mapped, it ${why}`);
    }
    return;
  }
  if (provider.mapping === "none" && !map) {
    file.report(entry.key, `needs a \`map\`: ${provider.name} does not say what its payloads hold`);
    return;
  }
  if (identify.length === 0) return;
  const id = entries.get("id");
  if (id && !identify.includes("id")) {
    file.report(id.key, `is never used: \`identify\` (${identify.join(", ")}) does not name it`);
  }
  const canName = identify.some((kind) => {
    if (kind === "id") return id !== undefined;
    if (entries.has(kind)) return mapping.core.get(kind) !== "removed";
    return provider.mapping === "contact";
  });
  const own = settings.get("identify");
  if (!canName) {
    file.report(map?.key ?? entry.key, `can never name a contact: nothing gives ${identify.join(" or ")}`);
  } else if (!id && own && identify.includes("id")) {
    file.report(own.value, "names id, but `map` does not say what the id is");
  }
}
