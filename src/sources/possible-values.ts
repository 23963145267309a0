export type Scalar = string | number | boolean;

const valuesMax = 200;

type Names = ReadonlyMap<string, unknown>;
type Node = Readonly<Record<string, unknown>>;

/**
 * The values that an expression is known to be able to give before any payload comes: a constant, the branches of a
 * condition, the values of a table that it looks something up in. Those that come out of the payload are not among them.
 */
export function possibleValues(ast: unknown): readonly Scalar[] {
  return [...new Set(valuesOf(ast, new Map()))].slice(0, valuesMax);
}

function valuesOf(ast: unknown, names: Names): readonly Scalar[] {
  const node = asNode(ast);
  // What a predicate or a grouping makes of it, nobody can see.
  if (!node || node["predicate"] !== undefined || node["group"] !== undefined) return [];
  switch (node["type"]) {
    case "string":
    case "number":
    case "value":
      return scalarOf(node["value"]);
    case "condition":
      return [...valuesOf(node["then"], names), ...valuesOf(node["else"], names)];
    case "block":
      return blockValues(node, names);
    case "variable":
      return valuesOf(named(node, names), new Map());
    case "function":
    case "partial":
      return lookupValues(node, undefined, names);
    case "apply":
      return lookupValues(asNode(node["rhs"]), undefined, names);
    case "path":
      return pathValues(listOf(node["steps"]), names);
    default:
      return [];
  }
}

function blockValues(node: Node, outer: Names): readonly Scalar[] {
  const names = new Map(outer);
  const expressions = listOf(node["expressions"]);
  for (const one of expressions) {
    const bind = asNode(one);
    const name = bind?.["type"] === "bind" ? asNode(bind["lhs"])?.["value"] : undefined;
    if (typeof name === "string") names.set(name, bind?.["rhs"]);
  }
  return valuesOf(expressions.at(-1), names);
}

/** `$lookup(table, …)`, also as a step behind its table: `table.$lookup($, …)`. */
function lookupValues(node: Node | undefined, context: unknown, names: Names): readonly Scalar[] {
  if (asNode(node?.["procedure"])?.["value"] !== "lookup") return [];
  const [first] = listOf(node?.["arguments"]);
  const isContext = asNode(first)?.["type"] === "variable" && asNode(first)?.["value"] === "";
  return tableValues(isContext ? context : first, names);
}

function pathValues(steps: readonly unknown[], names: Names): readonly Scalar[] {
  const [first, second, ...others] = steps;
  const step = asNode(second);
  if (!step || others.length > 0) return [];
  if (step["type"] === "wildcard") return tableValues(first, names);
  return step["type"] === "function" ? lookupValues(step, first, names) : [];
}

/** The values of an object that stands in the expression. */
function tableValues(ast: unknown, names: Names): readonly Scalar[] {
  const node = asNode(ast);
  if (node?.["type"] === "variable") {
    const table = named(node, names);
    return table === undefined ? [] : tableValues(table, new Map());
  }
  if (node?.["type"] !== "unary" || node["value"] !== "{") return [];
  return listOf(node["lhs"]).flatMap((pair) => valuesOf(listOf(pair)[1], names));
}

/** What a name stands for; a name within it is not followed again. */
function named(node: Node, names: Names): unknown {
  const name = node["value"];
  return typeof name === "string" ? names.get(name) : undefined;
}

function scalarOf(value: unknown): readonly Scalar[] {
  const isScalar = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isScalar && value !== "" ? [value] : [];
}

function asNode(value: unknown): Node | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Node) : undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
