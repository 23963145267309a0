import type { ContactRef } from "../contact/contact-ref.ts";
import { createAwakener, type Awakener } from "../intake/awakener.ts";
import type { Store } from "../store/store.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Workspace } from "./workspaces.ts";

export interface AwakeningLine {
  readonly workspace: Workspace;
  readonly found: { readonly store: Pick<Store, "mailbox" | "wakeMissing"> };
  readonly metrics: Pick<Metrics, "storeError">;
  readonly log: Pick<Logger, "warn">;
}

/** Wakes what waits for a contact that a workspace says is there. Where missing contacts are parked, nothing waits. */
export function startAwakening(lines: readonly AwakeningLine[]): Awakener {
  const waiting = lines.filter(({ workspace }) => workspace.api.missingContact !== "park");
  const waking = new Set<string>();
  /** Told once, until it goes well again. */
  const troubled = new Set<string>();
  const lineOf = (destination: string) => waiting.find(({ workspace }) => workspace.name === destination);

  function failed({ log, metrics, workspace }: AwakeningLine, error: unknown): void {
    metrics.storeError("wake");
    if (troubled.has(workspace.name)) return;
    troubled.add(workspace.name);
    log.warn({ err: error }, "a contact that is there could not be looked for; its next try is as planned");
  }

  /** Waking waits for a run that is under way: what is told next does not, and is not waited for twice. */
  function wakeOne(line: AwakeningLine, contact: ContactRef): void {
    const key = `${line.workspace.name} ${contact}`;
    if (waking.has(key)) return;
    waking.add(key);
    line.found.store
      .wakeMissing([contact])
      .then(
        () => troubled.delete(line.workspace.name),
        (error: unknown) => failed(line, error),
      )
      .finally(() => waking.delete(key));
  }

  return createAwakener({
    async wake(destination, references) {
      const line = lineOf(destination);
      if (!line) return;
      try {
        const { store } = line.found;
        const awaiting = await store.mailbox.awaiting(references);
        for (const contact of awaiting) wakeOne(line, contact);
        if (awaiting.length === 0) troubled.delete(destination);
      } catch (error) {
        failed(line, error);
      }
    },
  });
}
