import type { Provider } from "../providers/provider.ts";
import { defaultDestination } from "./destinations.ts";
import { createSource, defaultIdentify } from "./create-source.ts";
import { noMapping } from "./field-mapping.ts";
import { fileVariable, readSecret, type Environment } from "../config/secret-file.ts";
import {
  hasAll,
  lackOf,
  settingsFromEnvironment,
  settingVariable,
  type ProviderSettings,
} from "./provider-settings.ts";
import type { Source } from "./source.ts";

/** `SHOPIFY_WEBHOOK_SECRET` where the provider signs, `FORM_KEY` where only a shared key can be sent. */
export function secretVariable(provider: Pick<Provider, "name" | "proof">): string {
  const name = provider.name.replaceAll("-", "_").toUpperCase();
  return provider.proof === "secrets" ? `${name}_WEBHOOK_SECRET` : `${name}_KEY`;
}

/** The provider as a source under its own name, with its own mapping alone. */
export function providerSource(
  provider: Provider,
  proof: string | undefined,
  settings: ProviderSettings = {},
): Source {
  const proofs = proof === undefined ? [] : [proof];
  return createSource({
    name: provider.name,
    provider,
    destination: defaultDestination,
    credentials: {
      secrets: provider.proof === "secrets" ? proofs : [],
      keys: provider.proof === "key" ? proofs : [],
    },
    settings,
    events: undefined,
    priority: "normal",
    identify: defaultIdentify,
    region: undefined,
    writing: {},
    when: undefined,
    mapping: noMapping,
    consume: undefined,
    examples: [],
    redirect: undefined,
    cors: [],
    honeypot: undefined,
  });
}

/** The variables by which a provider is on that proves itself by what it publishes. */
function attestingVariables(provider: Provider): readonly string[] {
  return provider.attestation?.needs.map((setting) => settingVariable(provider, setting)) ?? [];
}

function isGiven(env: Environment, name: string): boolean {
  const given = readSecret(env, name);
  return given.kind === "problem" || (given.kind === "text" && given.text.trim() !== "");
}

/** One variable holds one secret, whatever characters it has; blank means off. Problems stop the start. */
export function readBuiltIns(
  env: Environment,
  providers: readonly Provider[],
): { sources: readonly Source[]; notes: readonly string[]; problems: readonly string[] } {
  const sources: Source[] = [];
  const notes: string[] = [];
  const off: string[] = [];
  const problems: string[] = [];
  for (const provider of providers) {
    const variable = secretVariable(provider);
    const given = readSecret(env, variable);
    if (given.kind === "problem") {
      problems.push(`${provider.name}: ${given.message}`);
      continue;
    }
    const proof = given.kind === "none" || given.text.trim() === "" ? undefined : given.text;
    const attests = attestingVariables(provider);
    if (proof === undefined && !attests.some((name) => isGiven(env, name))) {
      const ways = [`${variable}${given.kind === "none" ? "" : " is empty"}`, attests.join(" and ")];
      off.push(`${provider.name} (${ways.filter((way) => way !== "").join(", or ")})`);
      continue;
    }
    const read = settingsFromEnvironment(env, provider);
    if (!read.ok) {
      problems.push(`${provider.name}: ${read.message}`);
      continue;
    }
    if (proof === undefined && !hasAll(read.settings, provider.attestation?.needs)) continue;
    sources.push(providerSource(provider, proof, read.settings));
    const unmapped = "without a `map` in SOURCES_FILE its events are ignored";
    const lack = provider.mapping === "none" ? unmapped : lackOf(provider, read.settings);
    const but = lack === undefined ? "" : `, but ${lack}`;
    const setBy = given.kind === "text" && given.file !== undefined ? fileVariable(variable) : variable;
    const isSet = proof === undefined ? `${attests.join(" and ")} say whose events` : `${setBy} is set`;
    notes.push(`${provider.name} is on at /webhooks/${provider.name}: ${isSet}${but}`);
  }
  if (off.length > 0) notes.push(`off, because their variables are not set: ${off.join(", ")}`);
  return { sources, notes, problems };
}
