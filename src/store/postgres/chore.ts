/** Work on the embedded database that a server would do by itself. */
export interface Chore {
  /** Looks at once, and does what is due. Never rejects. */
  look(): Promise<void>;
  /** Ends with what is under way. */
  stop(): Promise<void>;
}

/** Does it again and again, never twice at a time; what goes wrong is told and tried the next time. */
export function startChore(
  where: string,
  everyMs: number,
  work: () => Promise<void>,
  onError: (error: Error, where: string) => void,
): Chore {
  let looking: Promise<void> = Promise.resolve();

  async function look(): Promise<void> {
    try {
      await work();
    } catch (error) {
      onError(error instanceof Error ? error : new Error(String(error)), where);
    }
  }

  const timer = setInterval(() => {
    looking = looking.then(look);
  }, everyMs).unref();
  return {
    look,
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}
