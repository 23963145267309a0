import { createRequire } from "node:module";

/** package.json lies two folders up from both `src/commands` and `dist/commands`. */
const manifest = createRequire(import.meta.url)("../../package.json") as {
  readonly version?: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
};

export const version: string = manifest.version ?? "0";

/** Versions of packages that are only needed for some settings, and then installed beside the relay. */
export const peers: Readonly<Record<string, string>> = manifest.peerDependencies ?? {};
