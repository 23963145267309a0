/** What is read of a failed job to find its place in the list. */
interface Finished {
  readonly id?: string | undefined;
  readonly timestamp: number;
  readonly finishedOn?: number | undefined;
}

interface FailedJobs<Job> {
  getFailed(start: number, end: number): Promise<Job[]>;
}

/** A job that was listed already: by itself, because positions shift when others leave or join. */
export interface Place {
  readonly at: number;
  readonly jobId: string;
}

const chunkJobs = 200;

export function failedAt(job: Finished): number {
  return job.finishedOn ?? job.timestamp;
}

/**
 * The failed jobs, newest first, from the one at `place` on. When that one has left meanwhile, from its moment on: others
 * that failed in the same millisecond may then come twice, but none is left out.
 */
export async function* failedJobsFrom<Job extends Finished>(
  queue: FailedJobs<Job>,
  place: Place | undefined,
): AsyncGenerator<Job> {
  let sameMoment: Job[] | undefined = place && [];
  for (let offset = 0; ; offset += chunkJobs) {
    const jobs = await queue.getFailed(offset, offset + chunkJobs - 1);
    if (jobs.length === 0) break;
    for (const job of jobs) {
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
