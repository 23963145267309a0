/** A `$name` an expression uses, and where its name ends, in characters counted from 1. */
export interface VariableUse {
  readonly name: string;
  readonly position: number;
}

/** The variables and functions an expression uses, and the names it defines itself, wherever. */
export function variablesOf(ast: unknown): { used: readonly VariableUse[]; defined: ReadonlySet<string> } {
  const used: VariableUse[] = [];
  const defined = new Set<string>();
  const seen = new Set<object>();
  const waiting: unknown[] = [ast];
  while (waiting.length > 0) {
    const node = waiting.pop();
    if (typeof node !== "object" || node === null || seen.has(node)) continue;
    seen.add(node);
    const parts = new Map<string, unknown>(Object.entries(node));
    const type = parts.get("type");
    const value = parts.get("value");
    if (type === "variable" && typeof value === "string") {
      used.push({ name: value, position: Number(parts.get("position") ?? 0) });
    }
    if (type === "bind") for (const name of namesIn([parts.get("lhs")])) defined.add(name);
    if (type === "lambda") for (const name of namesIn(parts.get("arguments"))) defined.add(name);
    if (type === "index" && typeof value === "string") defined.add(value);
    for (const name of [parts.get("focus"), parts.get("index")]) {
      if (typeof name === "string") defined.add(name);
    }
    waiting.push(...parts.values());
  }
  return { used: used.sort((a, b) => a.position - b.position), defined };
}

function namesIn(nodes: unknown): string[] {
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node: unknown) => {
    const value: unknown = typeof node === "object" && node !== null ? Reflect.get(node, "value") : undefined;
    return typeof value === "string" ? [value] : [];
  });
}
