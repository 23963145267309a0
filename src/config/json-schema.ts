import * as z from "zod";
import { aboutSetting } from "../config.ts";
import { fileVariable } from "./secret-file.ts";
import { settingNames, settings } from "./settings.ts";

interface Variable {
  readonly name: string;
  readonly description: string;
  readonly secret: boolean;
  readonly example?: string | undefined;
}

/**
 * The JSON Schema (2020-12) of the settings as an object of variables, for editors and charts. Variables of others are
 * allowed: an environment holds many.
 *
 * @param more variables that are read beside the settings of the process: those of providers
 */
export function settingsSchema(more: readonly Variable[]): Readonly<Record<string, unknown>> {
  const properties: Record<string, unknown> = {};
  const add = (name: string, schema: object, secret: boolean) => {
    properties[name] = { ...schema, ...(secret ? { writeOnly: true } : {}) };
    if (!secret) return;
    properties[fileVariable(name)] = {
      type: "string",
      description: `a file that holds ${name}, in place of it`,
    };
  };
  for (const name of settingNames) {
    const { description, example, unit, secret = false, default: usual } = aboutSetting(name);
    const schema: z.ZodType = settings[name];
    const { $schema: _, ...own } = z.toJSONSchema(schema, { unrepresentable: "any" });
    const facts = {
      description: unit === undefined ? description : `${description} (${unit})`,
      ...(usual === undefined ? {} : { default: schema.parse(undefined) }),
      ...(example === undefined ? {} : { examples: [example] }),
    };
    add(name, { ...own, ...facts }, secret);
  }
  for (const { name, description, secret, example } of more) {
    add(
      name,
      { type: "string", description, ...(example === undefined ? {} : { examples: [example] }) },
      secret,
    );
  }
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Settings of contact-relay",
    description: "Environment variables. Numbers, true and false are written as they are.",
    type: "object",
    properties,
    anyOf: settingNames
      .filter((name) => aboutSetting(name).required === true)
      .flatMap((name) => [{ required: [name] }, { required: [fileVariable(name)] }]),
  };
}
