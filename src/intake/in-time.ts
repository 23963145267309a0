export type InTime<Result> = { ok: true; result: Result } | { ok: false; cause: unknown };

/** The work itself goes on: what is stored after all is recognized as the same when it comes again. */
export type WithinTime = <Result>(work: Promise<Result>) => Promise<InTime<Result>>;

interface Waiting {
  readonly dueAt: number;
  readonly expire: () => void;
}

/** One deadline for everything that is waited for: the first due is looked at first, and one timer looks at all. */
export function createInTime(deadlineMs: number, message: string): WithinTime {
  const waiting = new Set<Waiting>();
  let timer: NodeJS.Timeout | undefined;

  function look(): void {
    timer = undefined;
    const now = performance.now();
    for (const one of waiting) {
      if (one.dueAt > now) {
        timer = setTimeout(look, one.dueAt - now);
        return;
      }
      waiting.delete(one);
      one.expire();
    }
  }

  return async <Result>(work: Promise<Result>) =>
    await new Promise<InTime<Result>>((resolve) => {
      const one: Waiting = {
        dueAt: performance.now() + deadlineMs,
        expire: () => resolve({ ok: false, cause: new Error(`${message} within ${deadlineMs} ms`) }),
      };
      waiting.add(one);
      timer ??= setTimeout(look, deadlineMs);
      const over = () => {
        waiting.delete(one);
        if (waiting.size > 0 || timer === undefined) return;
        clearTimeout(timer);
        timer = undefined;
      };
      const settle = (outcome: InTime<Result>) => {
        over();
        resolve(outcome);
      };
      void work.then(
        (result) => settle({ ok: true, result }),
        (cause: unknown) => settle({ ok: false, cause }),
      );
    });
}
