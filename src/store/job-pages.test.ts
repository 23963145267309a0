import { describe, expect, it } from "vitest";
import { failedJobsFrom } from "./failed-jobs.ts";

/** A queue of many jobs that knows how many were read. */
function manyJobs(count: number) {
  const ids = Array.from({ length: count }, (_, n) => `evt_${String(n).padStart(6, "0")}`);
  let read = 0;
  return {
    ids,
    read: () => read,
    async getRanges(_states: string[], start: number, end: number) {
      return ids.slice(start, end + 1);
    },
    async getJob(id: string) {
      read += 1;
      return { id, timestamp: 1, attemptsMade: 1 };
    },
  };
}

describe("jobs are read a few at a time, whatever they hold", () => {
  it("by whoever goes through those that failed", async () => {
    const queue = manyJobs(1_000);
    const met: string[] = [];
    let most = 0;
    for await (const job of failedJobsFrom(queue, undefined)) {
      met.push(job.id);
      most = Math.max(most, queue.read() - met.length + 1);
    }
    expect(met).toEqual(queue.ids);
    expect(most).toBeLessThanOrEqual(8);
  });
});
