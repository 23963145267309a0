// Adds to package-lock.json the optional packages of other platforms that npm left out because the registry at hand
// did not hold them. Without their entries `npm ci` refuses the lock file. Run it after npm has changed the lock file.
import { readFileSync, writeFileSync } from "node:fs";

const path = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(path, "utf8"));
const systems = ["android", "darwin", "freebsd", "linux", "openharmony", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "ppc64", "riscv64", "s390x", "x64"];

for (const [from, entry] of Object.entries({ ...lock.packages })) {
  for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`;
    if (lock.packages[key] ?? lock.packages[`${from}/${key}`]) continue;
    const words = name.split(/[-/]/);
    const os = systems.filter((word) => words.includes(word));
    const cpu = processors.filter((word) => words.includes(word));
    const libc = words.some((word) => word.startsWith("musl"))
      ? ["musl"]
      : words.some((word) => word.startsWith("gnu"))
        ? ["glibc"]
        : undefined;
    lock.packages[key] = {
      version: range.replace(/^[~^]/, ""),
      ...(libc ? { libc } : {}),
      cpu,
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
      os,
    };
  }
}
const sorted = Object.entries(lock.packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(sorted);
writeFileSync(path, `${JSON.stringify(lock, undefined, 2)}\n`);
