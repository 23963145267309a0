/** Where the event log of a store lies, all under the store's hash tag. */
export function eventKeys(prefix: string) {
  /** What every key of the log begins with. The scripts make the others from it, so it is their one key. */
  const root = `{${prefix}}:log:`;
  return {
    root,
    /** A hash. */
    record: (id: string) => `${root}event:${id}`,
    /** The id of the first event, until the window is over. */
    window: (id: string) => `${root}window:${id}`,
    windowPrefix: `${root}window:`,
    /** Sorted sets of ids: by turn, by the end of the lease, by when they are due, by when they ended. */
    state: (state: "waiting" | "active" | "delayed" | "failed" | "completed") => `${root}${state}`,
    /** Sorted sets of ids by acceptance, in microseconds. */
    all: `${root}all`,
    source: (source: string) => `${root}source:${source}`,
    type: (type: string) => `${root}type:${type}`,
  };
}
