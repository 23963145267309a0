/** The part of a queue that reading through one of its states needs. */
export interface StateQueue<Job, State extends string> {
  getRanges(states: State[], start: number, end: number, asc: boolean): Promise<string[]>;
  getJob(id: string): Promise<Job | undefined>;
}

/** Each may hold a payload of a megabyte or more. */
const readAtOnce = 8;

/** Jobs by id, in that order, a few at a time; undefined for one that has left meanwhile. */
export async function* jobsById<Job>(
  queue: Pick<StateQueue<Job, never>, "getJob">,
  ids: readonly string[],
): AsyncGenerator<Job | undefined> {
  for (let at = 0; at < ids.length; at += readAtOnce) {
    yield* await Promise.all(ids.slice(at, at + readAtOnce).map((id) => queue.getJob(id)));
  }
}
