import type * as z from "zod";
import { didYouMean } from "./closest.ts";
import type { YamlFile } from "./yaml-file.ts";

type Issue = z.core.$ZodIssue;

/** Reports everything of the file that does not stand where the schema wants it, each at its place. */
export function checkStructure(file: YamlFile, schema: z.ZodType): void {
  const parsed = schema.safeParse(file.plain(), { reportInput: true });
  for (const { path, message, keys } of (parsed.error?.issues ?? []).flatMap((issue) => told(issue, []))) {
    if (keys) for (const key of keys) file.report(file.find([...path, key]).key, unknownKey(key, message));
    else file.report(file.find(path).value, message);
  }
}

interface Told {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** Names that are not known there; the message then holds those that are. */
  readonly keys?: readonly string[];
}

function told(issue: Issue, above: readonly PropertyKey[]): readonly Told[] {
  const path = [...above, ...issue.path];
  if (issue.code === "unrecognized_keys") return [{ path, message: issue.message, keys: issue.keys }];
  if (issue.code !== "invalid_union" || issue.errors.length === 0) return [{ path, message: issue.message }];
  // The form that was meant is the one whose outside fits; what is none of them is told by the first.
  const fits = (issues: readonly Issue[]) =>
    issues.length > 0 && !issues.some(({ code, path: inner }) => inner.length === 0 && isOutside(code));
  const meant = issue.errors.find(fits);
  if (!meant && issue.message !== unworded) return [{ path, message: issue.message }];
  return (meant ?? issue.errors[0] ?? []).flatMap((inner) => told(inner, path));
}

/** What zod says of a choice of forms that has no words of its own. */
const unworded = "Invalid input";

function isOutside(code: Issue["code"]): boolean {
  return code === "invalid_type" || code === "invalid_value" || code === "invalid_union";
}

function unknownKey(key: string, known: string): string {
  return `is not known here${didYouMean(key, known.split(" "))}`;
}
