import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const triesMax = 50;

/** Removes a server's directory; a child it had begun to write its file anew may write a moment longer than it lived. */
export async function removeDirectory(directory: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await rm(directory, { recursive: true, force: true });
      return;
    } catch (error) {
      const isWrittenTo = error instanceof Error && "code" in error && error.code === "ENOTEMPTY";
      if (!isWrittenTo || tries === triesMax) throw error;
    }
    await sleep(100);
  }
}
