import { readFileSync } from "node:fs";

export type Environment = Readonly<Record<string, string | undefined>>;

export type Variable =
  | { readonly kind: "none" }
  /** `file` is where it was read from, when it was given as one. */
  | { readonly kind: "text"; readonly text: string; readonly file?: string }
  /** `message` names the variable and never holds its value. */
  | { readonly kind: "problem"; readonly message: string };

/** The variable that names a file with the value of another one, as Docker and Kubernetes mount secrets. */
export const fileVariable = (name: string): string => `${name}_FILE`;

/**
 * A secret variable, or what the file holds that `<name>_FILE` names, without the line breaks at its end. An empty
 * variable counts as not set.
 */
export function readSecret(env: Environment, name: string): Variable {
  const text = ownValue(env, name);
  const file = ownValue(env, fileVariable(name))?.trim() ?? "";
  const isSet = text !== undefined && text.trim() !== "";
  if (file === "") return text === undefined ? { kind: "none" } : { kind: "text", text };
  if (isSet)
    return { kind: "problem", message: `${name} and ${fileVariable(name)} are both set: choose one` };
  let content: string;
  try {
    content = readFileSync(file, "utf8").replace(/[\r\n]+$/, "");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "problem", message: `${fileVariable(name)} cannot be read: ${why}` };
  }
  if (content.trim() === "") {
    return { kind: "problem", message: `${fileVariable(name)} names an empty file: ${file}` };
  }
  return { kind: "text", text: content, file };
}

function ownValue(env: Environment, name: string): string | undefined {
  return Object.hasOwn(env, name) ? env[name] : undefined;
}
