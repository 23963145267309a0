import { isObject } from "../providers/body.ts";
import type { Answer, JsonObject, JsonValue } from "../providers/provider.ts";

const unusedMax = 50;
const labelMax = 100;

/** Watches which answers of a form are used: by the provider's candidates, and by the source's expressions. */
export interface AnswersTrace {
  /** What expressions are evaluated on in place of the mapping's root. */
  readonly root: JsonValue;
  /** A candidate at this path was taken. */
  taken(path: string): void;
  unused(): string[];
}

/** Without answers nothing is watched. */
export function traceAnswers(root: JsonValue, answers: readonly Answer[] | undefined): AnswersTrace {
  if (answers === undefined || !isObject(root)) return { root, taken: () => undefined, unused: () => [] };
  const readNames = new Set<string>();
  const takenPaths = new Set<string>();
  const named = root["answers"];
  const watched = isObject(named) ? watch(named, readNames) : named;
  const isUsed = ({ path, ref, key, label }: Answer) =>
    [...takenPaths].some((taken) => taken === path || taken.startsWith(`${path}.`)) ||
    [ref, key, label].some((name) => name !== undefined && readNames.has(name));
  return {
    // A form's own fields are its answers where it has none under that name.
    root: watched === undefined ? watch(root, readNames) : { ...root, answers: watched },
    taken: (path) => void takenPaths.add(path),
    unused() {
      const names = answers
        .filter((answer) => !isUsed(answer))
        .map(({ label, key, ref, path }) => (label ?? key ?? ref ?? path).slice(0, labelMax).toWellFormed());
      return [...new Set(names)].slice(0, unusedMax);
    },
  };
}

function watch(object: JsonObject, names: Set<string>): JsonObject {
  return new Proxy(object, {
    get(target, name, receiver) {
      if (typeof name === "string") names.add(name);
      const value: unknown = Reflect.get(target, name, receiver);
      return value;
    },
  });
}
