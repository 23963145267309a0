import { LanguageSupport } from "@codemirror/language";
import { yamlLanguage } from "@codemirror/lang-yaml";
import { parseMixed, type Input, type SyntaxNodeRef } from "@lezer/common";
import { jsonata } from "./jsonata.ts";

/** Keys of a value that hold no expression. */
const plain = new Set(["type", "region", "options", "clear", "dates", "decimal", "checked", "unchecked"]);

function isExpression({ name, node }: SyntaxNodeRef, input: Input): boolean {
  if (name === "BlockLiteralContent") return true;
  const pair = name === "Literal" && node.parent?.name === "Pair" ? node.parent : undefined;
  const key = pair?.getChild("Key") ?? undefined;
  return key !== undefined && !plain.has(input.read(key.from, key.to));
}

/** YAML whose plain values are JSONata. */
export function mapLanguage(): LanguageSupport {
  const mixed = yamlLanguage.configure({
    wrap: parseMixed((node, input) => (isExpression(node, input) ? { parser: jsonata.parser } : null)),
  });
  return new LanguageSupport(mixed);
}
