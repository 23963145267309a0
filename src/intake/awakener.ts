import type { ContactRef } from "../contact/contact-ref.ts";

/** Wakes whoever waits for a contact that is there now. It may be slow or fail: they find it at their next try. */
export interface Awakener {
  tell(destination: string, references: readonly ContactRef[]): void;
}

export interface AwakenerOptions {
  /** Wakes those of one workspace that wait for any of them. Never rejects. */
  readonly wake: (destination: string, references: readonly ContactRef[]) => Promise<void>;
}

/** Each of our own updates comes back as an event, so a slow store would be asked about more and more. */
const waitingMax = 10_000;
const togetherMax = 500;

/** One call per workspace at a time, with all that has come meanwhile. What is too much is left out. */
export function createAwakener(options: AwakenerOptions): Awakener {
  const workspaces = new Map<string, { readonly waiting: Set<ContactRef>; isWaking: boolean }>();

  function workspaceOf(destination: string) {
    const known = workspaces.get(destination) ?? { waiting: new Set<ContactRef>(), isWaking: false };
    workspaces.set(destination, known);
    return known;
  }

  async function wakeAll(destination: string): Promise<void> {
    const workspace = workspaceOf(destination);
    if (workspace.isWaking) return;
    workspace.isWaking = true;
    while (workspace.waiting.size > 0) {
      const together = [...workspace.waiting].slice(0, togetherMax);
      for (const reference of together) workspace.waiting.delete(reference);
      await options.wake(destination, together);
    }
    workspace.isWaking = false;
  }

  return {
    tell(destination, references) {
      const { waiting } = workspaceOf(destination);
      for (const reference of references) if (waiting.size < waitingMax) waiting.add(reference);
      void wakeAll(destination);
    },
  };
}
