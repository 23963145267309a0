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
  const read = new Set<string>();
  const takenPaths = new Set<string>();
  // A form's own fields are its answers where it has none under that name.
  const named = isObject(root["answers"]) ? "answers." : "";
  const isUsed = ({ path, ref, key, label }: Answer) =>
    read.has(path) ||
    [ref, key, label].some((name) => name !== undefined && read.has(named + name)) ||
    [...takenPaths].some((taken) => taken === path || taken.startsWith(`${path}.`));
  return {
    root: watch(root, new Set([...answers.flatMap(({ path }) => prefixesOf(path)), "answers"]), read),
    taken: (path) => void takenPaths.add(path),
    unused() {
      const names = answers
        .filter((answer) => !isUsed(answer))
        .map(({ label, key, ref, path }) => (label ?? key ?? ref ?? path).slice(0, labelMax).toWellFormed());
      return [...new Set(names)].slice(0, unusedMax);
    },
  };
}

/** `a` and `a.b` of `a.b.c`. */
function prefixesOf(path: string): string[] {
  const names = path.split(".");
  return names.slice(1).map((_, index) => names.slice(0, index + 1).join("."));
}

/**
 * The same values, noting the path of each one that is read out of the root, or out of one of `places` below it. What
 * holds no answers is handed out as it is: to watch it would only take time.
 */
function watch(root: JsonObject, places: ReadonlySet<string>, read: Set<string>): JsonObject {
  const watched = new WeakMap<object, object>();
  function watchAt<Value extends object>(object: Value, path: string): Value {
    return new Proxy(object, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof name !== "string" || !Object.hasOwn(target, name)) return value;
        const below = path === "" ? name : `${path}.${name}`;
        read.add(below);
        if (typeof value !== "object" || value === null || !places.has(below)) return value;
        const known = watched.get(value) ?? watchAt(value, below);
        watched.set(value, known);
        return known;
      },
    });
  }
  return watchAt(root, "");
}
