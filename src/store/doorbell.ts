/** Tells whoever waits in this process that something has come; others find it by looking now and then. */
export interface Doorbell {
  ring(): void;
  /** Resolves at the next ring, or after `waitMs`; at once when it rang since the last wait. */
  heard(): Promise<void>;
}

export function createDoorbell(waitMs: number): Doorbell {
  let rang = false;
  let waiting: (() => void)[] = [];

  return {
    ring() {
      if (waiting.length === 0) rang = true;
      for (const go of waiting.splice(0)) go();
    },
    async heard() {
      if (rang) {
        rang = false;
        return;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs).unref();
        waiting.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
      rang = false;
    },
  };
}
