export type InTime<Result> = { ok: true; result: Result } | { ok: false; cause: unknown };

/** The work itself goes on: what is stored after all is recognized as the same when it comes again. */
export async function inTime<Result>(
  work: Promise<Result>,
  deadlineMs: number,
  message: string,
): Promise<InTime<Result>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<{ ok: false; cause: unknown }>((resolve) => {
    const cause = new Error(`${message} within ${deadlineMs} ms`);
    timer = setTimeout(() => resolve({ ok: false, cause }), deadlineMs);
  });
  const settled = work.then(
    (result) => ({ ok: true as const, result }),
    (cause: unknown) => ({ ok: false as const, cause }),
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    clearTimeout(timer);
  }
}
