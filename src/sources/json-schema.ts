import * as z from "zod";
import type { Provider, ProviderSetting } from "../providers/provider.ts";
import { aboutProviderSettings } from "./provider-settings.ts";
import { provided, sourcesSchema } from "./schema.ts";
import { notForNever } from "./sources-file.ts";
import { variable } from "./schema-texts.ts";

type JsonSchema = Record<string, unknown>;

const formKeys = ["redirect", "cors", "honeypot"] as const;
const signingKeys = ["secret", "secrets"] as const;
const sharedKeys = ["key", "keys"] as const;
const settings = Object.keys(aboutProviderSettings) as readonly ProviderSetting[];

/**
 * The JSON Schema (2020-12) of a sources file, for editors and pipelines. It refuses what the relay refuses, as far as a
 * schema can tell: not whether a variable is set, an expression compiles or a key stands twice.
 */
export function sourcesJsonSchema(providers: readonly Provider[]): JsonSchema {
  const file = z.toJSONSchema(sourcesSchema, {
    io: "input",
    override: ({ zodSchema, jsonSchema }) => {
      // An integer of any length.
      if (zodSchema instanceof z.ZodBigInt) jsonSchema.type = "integer";
    },
    unrepresentable: "any",
  }) as JsonSchema;
  const source = below(file, "properties", "sources", "additionalProperties");
  below(source, "properties", "provider")["anyOf"] = [{ enum: providers.map(({ name }) => name) }, variable];
  source["allOf"] = providers.map((one) =>
    provided({ properties: { provider: { const: one.name } }, required: ["provider"] }, ofProvider(one)),
  );
  return {
    title: "Sources of contact-relay",
    description: "What SOURCES_FILE names: which webhooks are received and what they map.",
    ...file,
  };
}

/** What a source of this provider must have, and what it cannot. */
function ofProvider({ proof, mapping, answers, attestation, settings: used = [] }: Provider): JsonSchema {
  const wanted = proof === "secrets" ? signingKeys : sharedKeys;
  const unused: readonly string[] = [
    ...(proof === "secrets" ? sharedKeys : signingKeys),
    ...(answers === "form" ? [] : formKeys),
    ...(mapping === "never" ? notForNever : []),
    ...settings
      .filter((setting) => !used.includes(setting))
      .map((setting) => aboutProviderSettings[setting].key),
  ];
  return {
    anyOf: [
      ...[...wanted, ...(mapping === "never" ? [] : ["consume"])].map((key) => ({ required: [key] })),
      ...(attestation
        ? [{ required: attestation.needs.map((setting) => aboutProviderSettings[setting].key) }]
        : []),
    ],
    properties: Object.fromEntries(unused.map((key) => [key, false])),
    ...(mapping === "none" ? { required: ["map"] } : {}),
  };
}

function below(schema: JsonSchema, ...path: readonly string[]): JsonSchema {
  return path.reduce((at, key) => at[key] as JsonSchema, schema);
}
