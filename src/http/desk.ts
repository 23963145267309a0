import type { WorkersState } from "../delivery/workers.ts";
import type { Store } from "../store/store.ts";

/** What an operator can ask about one workspace. */
export interface Desk {
  /** Its destination; undefined where the relay has one workspace and no name for it. */
  readonly destination: string | undefined;
  readonly store: Store;
  /** Undefined in a process that does not deliver (`ROLE=intake`); `starting` until the store is there. */
  readonly workerState: (() => WorkersState | "starting") | undefined;
}
