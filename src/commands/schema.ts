import { settingsSchema } from "../config/json-schema.ts";
import { providers } from "../providers/registry.ts";
import { sourcesJsonSchema } from "../sources/json-schema.ts";
import { providerVariables } from "../sources/provider-variables.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";

export const schemas = ["sources", "settings"] as const;

/** Prints the JSON Schema of the sources file or of the settings. */
export function schema(which: (typeof schemas)[number], io: Io): ExitCode {
  printJson(
    io,
    which === "settings" ? settingsSchema(providerVariables(providers)) : sourcesJsonSchema(providers),
  );
  return 0;
}
