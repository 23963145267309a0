/** How many jobs of both queues are in these states, by a relay's metrics. */
export function queueJobs(metrics: string, ...states: readonly string[]): number {
  return [...metrics.matchAll(/^relay_queue_jobs\{[^}]*state="(\w+)"\} (\d+)/gm)]
    .filter(([, state]) => states.includes(state ?? ""))
    .reduce((sum, [, , count]) => sum + Number(count), 0);
}

/** Of a relay that shows its metrics to this machine: how many jobs are not finished yet. */
export async function openJobs(url: string): Promise<number> {
  return queueJobs(await (await fetch(`${url}/metrics`)).text(), "waiting", "active", "delayed");
}
