import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Marked } from "marked";
import { defineConfig, type Plugin } from "vite";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The name under which the documents link to a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}

/** The runbook of docs/operations.md for a page of the console. What is linked and not in it stays as its text. */
function runbookHtml(): string {
  const [, section = ""] = readFileSync(at("docs/operations.md"), "utf8").split(/^## Runbook$/m);
  const anchors = new Set([...section.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => anchorOf(heading)));
  const marked = new Marked({
    renderer: {
      heading({ tokens, text, depth }) {
        return `<h${depth - 1} id="${anchorOf(text)}">${this.parser.parseInline(tokens)}</h${depth - 1}>\n`;
      },
      link({ href, tokens }) {
        const text = this.parser.parseInline(tokens);
        return href.startsWith("#") && anchors.has(href.slice(1)) ? `<a href="${href}">${text}</a>` : text;
      },
      code: ({ text }) =>
        `<pre tabindex="0">${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre>\n`,
    },
  });
  return marked.parse(section, { async: false });
}

const runbook: Plugin = {
  name: "runbook",
  generateBundle() {
    this.emitFile({ type: "asset", fileName: "runbook.html", source: runbookHtml() });
  },
};

/** `vite build`: the script and style of the console, beside what the compiler makes of its pages. */
export default defineConfig({
  root: at("src/console/islands"),
  base: "/console/assets/",
  publicDir: false,
  logLevel: "warn",
  plugins: [runbook],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: at("dist/console/assets"),
    emptyOutDir: true,
    assetsDir: "",
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    target: "es2022",
    rollupOptions: { input: { console: at("src/console/islands/console.ts") } },
  },
});
