import { posix } from "node:path";

/** Folders and files of the repository that a document may name; anything else that looks like one is the reader's. */
const ownFolders = "src|test|docs|bench|schema|scripts|deploy|examples|\\.ci";
const ownFiles =
  "(?:README|CHANGELOG|CONTRIBUTING|LICENSE)(?:\\.md)?|Dockerfile|docker-compose\\.ya?ml|package(?:-lock)?\\.json|\\.env\\.example|" +
  "tsconfig[\\w.]*\\.json|vitest[\\w.]*\\.ts|knip\\.json";

/** Inline code of a document, outside its fenced blocks. */
export function inlineCode(text: string): string[] {
  return [...text.replace(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`\n]+)`/g)].map(([, code]) => code ?? "");
}

/** Files of ours that a text names: links, and paths anywhere in it. Relative to the root of the repository. */
export function namedFiles(document: string, text: string): string[] {
  const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)#\s]+)/g)].map(([, path]) =>
    posix.join(posix.dirname(document), path ?? ""),
  );
  const folders = text.matchAll(
    new RegExp(`(?<![\\w./<$-])(?:\\./)?((?:${ownFolders})/[\\w./-]*[\\w/])(?![\\w<*])`, "g"),
  );
  const files = text.matchAll(new RegExp(`(?<![\\w./-])(?:\\./)?(${ownFiles})(?![\\w./-]*\\w)`, "g"));
  const paths = [...folders, ...files].map(([, path]) => path ?? "").filter((path) => path !== "LICENSE");
  return [...new Set([...links, ...paths])];
}

/** Scripts that a text runs with npm. */
export function namedScripts(text: string): string[] {
  const run = [...text.matchAll(/\bnpm run (?:--?[\w-]+ )*([\w:-]+)/g)];
  const short = [...text.matchAll(/\bnpm (?!run\b)([a-z][\w:-]*)/g)];
  return [...run, ...short].map(([, name]) => name ?? "");
}

/** Commands that a text gives to the relay, in code: the product's name is also a word of its sentences. */
export function namedCommands(text: string): string[] {
  const fenced = [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)].map(([, code]) => code ?? "");
  const code = [...inlineCode(text), ...fenced].join("\n");
  return [...code.matchAll(/(?:contact-relay|dist\/main\.js) +([a-z]+)\b/g)].map(([, name]) => name ?? "");
}

const variable = "[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOST|ROLE";

/** Environment variables that a text names, but those that its YAML examples fill in themselves (`${SHOP_SECRET}`). */
export function namedVariables(text: string): string[] {
  const withoutYaml = text.replace(/^```yaml\n[\s\S]*?^```/gm, "");
  const names = withoutYaml.matchAll(new RegExp(`(?<![\\w-])(${variable})(?![\\w-])`, "g"));
  return [...new Set([...names].map(([, name]) => name ?? ""))];
}

/** Absolute paths that exist on one machine only. */
export function machinePaths(text: string): string[] {
  return [...text.matchAll(/(?<![\w.:/])\/(?:work|root|home|Users|tmp|mnt)\/[^\s"'`)]*/g)].map(
    ([path]) => path,
  );
}
