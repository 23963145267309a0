// Loaded by --import before a relay: writes what is imported to the file MODULES_FILE, a URL a line.
import { register } from "node:module";

const hook = `
import { appendFileSync } from "node:fs";
export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  appendFileSync(${JSON.stringify(process.env.MODULES_FILE)}, found.url + "\\n");
  return found;
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);
