import { peers } from "./version.ts";

/** Whether a package that only some settings need lies beside the relay. */
export function isInstalled(packageName: string): boolean {
  try {
    import.meta.resolve(packageName);
    return true;
  } catch {
    return false;
  }
}

export function installCommand(packageNames: readonly string[]): string {
  return `npm install ${packageNames.map((one) => `${one}@${peers[one] ?? "latest"}`).join(" ")}`;
}
