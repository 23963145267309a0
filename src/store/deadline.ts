/** Settles as `work` does, or rejects with `message` after `deadlineMs`; the work itself goes on. */
export async function withDeadline<Result>(
  work: Promise<Result>,
  deadlineMs: number,
  message: string,
): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} (${deadlineMs} ms)`)), deadlineMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
