import { readSecret, type Environment } from "../config/secret-file.ts";

export interface Filled {
  readonly text: string;
  /** The variables that were filled in, each once. */
  readonly variables: readonly string[];
  /** What is wrong, each once. Never the value of a variable. */
  readonly problems: readonly string[];
}

/**
 * Fills `${VAR}` from the environment, or from the file that `VAR_FILE` names; `$${VAR}` stands for a literal `${VAR}`.
 *
 * @param style in an `expression` only `${NAME}` itself is a variable, because `${ "a": b }` is JSONata; in a `text`
 *   any other `${` is a mistake
 */
export function fillVariables(text: string, env: Environment, style: "text" | "expression"): Filled {
  const variables = new Set<string>();
  const problems = new Set<string>();
  const filled = text.replaceAll(markers[style], (marker: string, name: string | undefined) => {
    if (marker.startsWith("$$")) return marker.slice(1);
    if (name === undefined) {
      problems.add("has a `${` that is not of the form ${NAME}; write `$${` for a literal one");
      return marker;
    }
    variables.add(name);
    const value = readSecret(env, name);
    if (value.kind === "text") return value.text;
    problems.add(
      value.kind === "problem" ? value.message : `needs the environment variable ${name}, which is not set`,
    );
    return "";
  });
  return { text: filled, variables: [...variables], problems: [...problems] };
}

const markers = {
  text: /\$\$\{|\$\{(?:([A-Za-z_][A-Za-z0-9_]*)\})?/g,
  expression: /\$\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g,
} as const;

/** The variables that a text names, each once. */
export function variablesIn(text: string): readonly string[] {
  const names = [...text.matchAll(markers.expression)].flatMap(([, name]) =>
    name === undefined ? [] : [name],
  );
  return [...new Set(names)];
}
