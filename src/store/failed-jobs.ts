import { jobsById, type StateQueue } from "./job-pages.ts";

/** What is read of a failed job to find its place in the list. */
interface Finished {
  readonly id?: string | undefined;
  readonly timestamp: number;
  readonly finishedOn?: number | undefined;
}

/** A job that was listed already: by itself, because positions shift when others leave or join. */
export interface Place {
  readonly at: number;
  readonly jobId: string;
}

const chunkIds = 200;

export function failedAt(job: Finished): number {
  return job.finishedOn ?? job.timestamp;
}

/**
 * The failed jobs, newest first, from the one at `place` on. When that one has left meanwhile, from its moment on: others
 * that failed in the same millisecond may then come twice, but none is left out.
 */
export async function* failedJobsFrom<Job extends Finished>(
  queue: StateQueue<Job, "failed">,
  place: Place | undefined,
): AsyncGenerator<Job> {
  let sameMoment: Job[] | undefined = place && [];
  for (let offset = 0; ; offset += chunkIds) {
    const ids = await queue.getRanges(["failed"], offset, offset + chunkIds - 1, false);
    if (ids.length === 0) break;
    for await (const job of jobsById(queue, ids)) {
      if (!job) continue;
      if (place && sameMoment) {
        if (failedAt(job) > place.at) continue;
        if (failedAt(job) === place.at && job.id !== place.jobId) {
          sameMoment.push(job);
          continue;
        }
        if (job.id !== place.jobId) yield* sameMoment;
        sameMoment = undefined;
      }
      yield job;
    }
  }
  yield* sameMoment ?? [];
}
