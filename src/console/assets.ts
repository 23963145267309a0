import { readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";

/** The bundle that `vite build` has made of the islands: addresses, and what is behind them. */
export interface Assets {
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
  /** What the page of that name shows; empty where it was not built in. */
  readonly runbook: string;
  /** By name, as it stands in the address. */
  readonly files: ReadonlyMap<string, { readonly type: string; readonly bytes: Uint8Array<ArrayBuffer> }>;
}

const manifestShape = z.record(
  z.string(),
  z.object({
    file: z.string(),
    isEntry: z.boolean().optional(),
    css: z.array(z.string()).optional(),
  }),
);

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

export const assetsPath = "/console/assets/";

/** Read once: they are small, and what is not in the list is not served. */
export function readAssets(directory: string): Assets {
  const text = readFileSync(join(directory, "manifest.json"), "utf8");
  const chunks = Object.values(manifestShape.parse(JSON.parse(text)));
  const names = new Set(chunks.flatMap(({ file, css = [] }) => [file, ...css]));
  const entries = chunks.filter(({ isEntry }) => isEntry === true);
  const address = (name: string) => assetsPath + name;
  return {
    scripts: entries.map(({ file }) => address(file)),
    runbook: readFileSync(join(directory, "runbook.html"), "utf8"),
    styles: entries.flatMap(({ css = [] }) => css.map(address)),
    files: new Map(
      [...names].map((name) => {
        const type = types[extname(name)] ?? "application/octet-stream";
        return [name, { type, bytes: new Uint8Array(readFileSync(join(directory, name))) }];
      }),
    ),
  };
}

/** Their names change with what is in them, so that a browser asks for each once. */
export function assetRoutes({ files }: Assets): Hono {
  const app = new Hono();
  app.get(`${assetsPath}:name`, (context) => {
    const file = files.get(context.req.param("name"));
    if (!file) return context.text("There is no such file.", 404);
    return context.body(file.bytes, 200, {
      "Content-Type": file.type,
      "Cache-Control": "public, max-age=31536000, immutable",
      "X-Content-Type-Options": "nosniff",
    });
  });
  return app;
}
