import type { IdentifierKind } from "../contact/contact-ref.ts";
import type { Writing } from "../contact/custom-field.ts";
import type { RegionCode } from "../contact/normalize.ts";
import type { Priority } from "../contact/priority.ts";
import type { Credentials, MappableEvent, Provider } from "../providers/provider.ts";
import type { Consume } from "./consume.ts";
import { matchesPattern } from "./event-pattern.ts";
import type { Example } from "./examples.ts";
import type { Expression } from "./expression.ts";
import type { FieldMapping } from "./field-mapping.ts";
import { createSourceMapper } from "./map-event.ts";
import { credentialsFrom, hasAll, type ProviderSettings } from "./provider-settings.ts";
import { pathsOf } from "./paths.ts";
import { remap } from "./remap.ts";
import type { Source } from "./source.ts";

export const defaultIdentify: readonly IdentifierKind[] = ["phone", "email"];

/** One source as it was configured. */
export interface SourceConfig {
  readonly name: string;
  readonly provider: Provider;
  /** The workspace that its contacts belong to, `default` for the one of the settings. */
  readonly destination: string;
  readonly credentials: Pick<Credentials, "secrets" | "keys">;
  readonly settings: ProviderSettings;
  /** Patterns of event types; undefined selects all. */
  readonly events: readonly string[] | undefined;
  readonly priority: Priority;
  readonly identify: readonly IdentifierKind[];
  readonly region: RegionCode | undefined;
  readonly writing: Writing;
  /** Events for which it does not give true are ignored. */
  readonly when: Expression | undefined;
  readonly mapping: FieldMapping;
  /** Its `map` as it stands in the file. */
  readonly mapText?: string | undefined;
  readonly consume: Consume | undefined;
  readonly examples: readonly Example[];
  readonly redirect: string | undefined;
  readonly cors: readonly string[];
  readonly honeypot: string | undefined;
}

export function createSource(config: SourceConfig): Source {
  const { name, provider, settings, events, priority, identify, redirect, cors, honeypot } = config;
  return {
    name,
    provider,
    destination: config.destination,
    credentials: { ...config.credentials, ...credentialsFrom(settings) },
    attestation: hasAll(settings, provider.attestation?.needs) ? provider.attestation : undefined,
    announced: hasAll(settings, provider.announcement?.needs),
    completion:
      provider.complete === undefined || settings.accessToken === undefined
        ? undefined
        : { accessToken: settings.accessToken, apiUrl: settings.apiUrl },
    priority,
    consume: config.consume,
    identify,
    examples: config.examples,
    redirect,
    cors,
    honeypot,
    selects: (type) => events === undefined || events.some((pattern) => matchesPattern(pattern, type)),
    map: createSourceMapper(config),
    paths: (event) => pathsWithin(config.provider, event),
    customFields: config.mapping.custom.map((rule) => {
      const { dates = config.writing.dates, decimal = config.writing.decimal } = rule.rules;
      return { ...rule, rules: { ...rule.rules, dates, decimal } };
    }),
    mapText: config.mapText,
    remap: (text) => remap(config, text),
  };
}

/** Where a map stands, which for many providers is not where the payload begins. */
function pathsWithin(provider: Pick<Provider, "map">, event: MappableEvent): readonly string[] {
  try {
    return pathsOf(provider.map(event).root);
  } catch {
    return [];
  }
}
