import { rmSync } from "node:fs";

/** Removes a server's directory; a child it had begun to write its file anew may go on a moment longer than it. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
}
