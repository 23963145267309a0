/**
 * Settles as `work` does, or rejects with `message` after `deadlineMs`, or as soon as `signal` is aborted; the work
 * itself goes on.
 */
export async function withDeadline<Result>(
  work: Promise<Result>,
  deadlineMs: number,
  message: string,
  signal?: AbortSignal,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} (${deadlineMs} ms)`)), deadlineMs);
    abort = () => reject(new Error("given up"));
    if (signal?.aborted === true) abort();
    else signal?.addEventListener("abort", abort);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    if (abort) signal?.removeEventListener("abort", abort);
  }
}
