import jsonata from "jsonata";
import { closest } from "./closest.ts";
import { possibleValues, type Scalar } from "./possible-values.ts";
import { variablesOf, type VariableUse } from "./variables.ts";

/** What `$event` is in an expression. Times as ISO 8601. */
export interface EventBinding {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export type Evaluation =
  | { kind: "value"; value: unknown }
  /** The expression does not fit this payload. */
  | { kind: "error"; message: string }
  /** Stopped: it took too long, went too deep or grew too large. */
  | { kind: "stopped"; message: string };

export interface Expression {
  /** As it was written. */
  readonly text: string;
  /** The values that it can give whatever the payload is, as far as they stand in it. */
  possible(): readonly Scalar[];
  /** Never rejects. */
  evaluate(root: unknown, event: EventBinding): Promise<Evaluation>;
}

export type Compiled = { ok: true; expression: Expression } | { ok: false; message: string };

/** Bounds of one evaluation: JSONata's own guards, `timeout` in milliseconds. */
const bounds = { timeout: 250, stack: 1_000, sequence: 100_000 } as const;
const messageLengthMax = 200;

/** JSONata's functions, of which `$eval` is missing: text out of a payload never becomes code. */
export const knownFunctions: readonly string[] =
  `sum count max min average string substring substringBefore substringAfter lowercase uppercase length trim pad match
  contains replace split join formatNumber formatBase formatInteger parseInteger number floor ceil round abs sqrt power
  random boolean not map zip filter single reduce sift keys lookup append exists spread merge reverse each error assert
  type sort shuffle distinct base64encode base64decode encodeUrlComponent encodeUrl decodeUrlComponent decodeUrl
  toMillis fromMillis clone now millis`.split(/\s+/);

/** `$` is the context, `$$` the payload. */
const given: ReadonlySet<string> = new Set(["", "$", "event", ...knownFunctions]);

/** Compiles a JSONata expression once; the message says what is wrong and at which of its characters. */
export function compileExpression(source: string): Compiled {
  let compiled: jsonata.Expression;
  try {
    compiled = jsonata(source, bounds);
  } catch (error) {
    return { ok: false, message: `${describe(error).message}${placeIn(source, error)}` };
  }
  const { used, defined } = variablesOf(compiled.ast());
  for (const use of used) {
    const why = refusalOf(use, defined);
    if (why === undefined) continue;
    const character = Math.max(1, use.position - use.name.length);
    return { ok: false, message: `${why} (at character ${character} of the expression)` };
  }
  const names = plainPathOf(compiled.ast());
  return {
    ok: true,
    expression: {
      text: source,
      possible: () => possibleValues(compiled.ast()),
      async evaluate(root, event) {
        const found = names && readPlainly(root, names);
        return found ?? (await evaluate(compiled, root, event));
      },
    },
  };
}

/** The names of an expression that is nothing but names with dots between them. */
function plainPathOf(ast: unknown): readonly string[] | undefined {
  const isOnly = (node: object, keys: readonly string[]) =>
    Object.keys(node).every((key) => keys.includes(key));
  if (typeof ast !== "object" || ast === null || !isOnly(ast, ["type", "steps"])) return undefined;
  const steps: unknown = Reflect.get(ast, "steps");
  if (Reflect.get(ast, "type") !== "path" || !Array.isArray(steps)) return undefined;
  const names: string[] = [];
  for (const step of steps as readonly unknown[]) {
    if (typeof step !== "object" || step === null || !isOnly(step, ["type", "value", "position"]))
      return undefined;
    const name: unknown = Reflect.get(step, "value");
    if (Reflect.get(step, "type") !== "name" || typeof name !== "string") return undefined;
    names.push(name);
  }
  return names;
}

/** What JSONata finds there, a hundred times sooner; undefined where a list is in the way, of which it has its own ideas. */
function readPlainly(root: unknown, names: readonly string[]): Evaluation | undefined {
  let value: unknown = root;
  for (const name of names) {
    if (Array.isArray(value)) return undefined;
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) {
      return { kind: "value", value: undefined };
    }
    value = Reflect.get(value, name);
  }
  return { kind: "value", value };
}

function refusalOf({ name }: VariableUse, defined: ReadonlySet<string>): string | undefined {
  if (name === "eval") return "$eval is not available: payloads never become code";
  if (defined.has(name) || given.has(name)) return undefined;
  const near = closest(name, [...given]);
  return `there is no function or variable $${name}${near === undefined ? "" : `; did you mean $${near}?`}`;
}

/** Runs out of time only twice in a row: once may be a pause of the whole process. */
async function evaluate(
  compiled: jsonata.Expression,
  root: unknown,
  event: EventBinding,
): Promise<Evaluation> {
  const first = await evaluateOnce(compiled, root, event);
  return first.isTimeout ? (await evaluateOnce(compiled, root, event)).evaluation : first.evaluation;
}

async function evaluateOnce(
  compiled: jsonata.Expression,
  root: unknown,
  event: EventBinding,
): Promise<{ evaluation: Evaluation; isTimeout: boolean }> {
  try {
    const value: unknown = await compiled.evaluate(root, { event });
    return { evaluation: { kind: "value", value }, isTimeout: false };
  } catch (error) {
    const { code, message } = describe(error);
    const isStopped = error instanceof RangeError || (code !== undefined && limitCodes.has(code));
    return {
      evaluation: { kind: isStopped ? "stopped" : "error", message },
      isTimeout: code === timeoutCode,
    };
  }
}

const timeoutCode = "D1012";
/** Depth, time, a range too long, a sequence too long. */
const limitCodes: ReadonlySet<string> = new Set(["D1011", timeoutCode, "D2014", "D2015"]);

/** JSONata throws plain objects with a code and a message. */
function describe(error: unknown): {
  code: string | undefined;
  message: string;
  position: number | undefined;
} {
  const isObject = typeof error === "object" && error !== null;
  const code: unknown = isObject ? Reflect.get(error, "code") : undefined;
  const message: unknown = isObject ? Reflect.get(error, "message") : error;
  const position: unknown = isObject ? Reflect.get(error, "position") : undefined;
  const text = typeof message === "string" && message !== "" ? message : "the expression failed";
  return {
    code: typeof code === "string" ? code : undefined,
    message: text.length > messageLengthMax ? `${text.slice(0, messageLengthMax).toWellFormed()}…` : text,
    position: typeof position === "number" ? position : undefined,
  };
}

function placeIn(source: string, error: unknown): string {
  const { position } = describe(error);
  if (position === undefined) return "";
  return ` (at character ${Math.min(Math.max(1, position), source.length)} of the expression)`;
}
