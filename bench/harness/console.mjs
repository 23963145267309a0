// A browser at the console, as far as the relay can tell: its cookie, its questions and their rhythm.
import { Agent, request } from "node:http";
import { setTimeout as wait } from "node:timers/promises";

export const adminToken = "bench-admin-token";

/** Signed in as an operator. */
export async function takeSeat(port) {
  const origin = `http://127.0.0.1:${port}`;
  const signedIn = await fetch(`${origin}/console/sign-in`, {
    method: "POST",
    headers: { origin },
    body: new URLSearchParams({ token: adminToken }),
    redirect: "manual",
  });
  const cookie = signedIn.headers.get("set-cookie")?.split(";")[0];
  if (cookie === undefined) throw new Error(`nobody is let in: ${signedIn.status}`);
  const agent = new Agent({ keepAlive: true });

  /** Status, and milliseconds to the first byte of the answer and to its last. */
  function ask(path) {
    return new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const asked = request(`${origin}${path}`, { agent, headers: { cookie, accept: "*/*" } }, (answer) => {
        const firstMs = performance.now() - startedAt;
        let bytes = 0;
        answer.on("data", (chunk) => (bytes += chunk.length));
        answer.on("end", () => {
          resolve({ status: answer.statusCode, firstMs, wholeMs: performance.now() - startedAt, bytes });
        });
        answer.on("error", reject);
      });
      asked.on("error", reject);
      asked.end();
    });
  }

  /** What the overview and the events ask for while they are open in two tabs; until it is stopped. */
  function watch() {
    const stopping = new AbortController();
    const { signal } = stopping;
    const counts = { asked: 0, failed: 0 };
    const every = async (ms, path) => {
      // All of them at once at the beginning, as when the tabs are opened.
      while (!signal.aborted) {
        const { status } = await ask(path());
        counts.asked += 1;
        if (status !== 200) counts.failed += 1;
        await wait(ms, undefined, { signal }).catch(() => undefined);
      }
    };
    const recent = () => new Date(Date.now() - 300_000).toISOString();
    const asking = [
      every(2_000, () => "/admin/status?personal=masked"),
      every(10_000, () => `/admin/numbers?personal=masked&from=${recent()}&step=1`),
      every(60_000, () => "/admin/numbers?personal=masked&step=10"),
      every(3_000, () => "/admin/events?personal=masked&limit=200"),
    ];
    return async () => {
      stopping.abort();
      await Promise.all(asking);
      return counts;
    };
  }

  return { ask, watch, close: () => agent.destroy() };
}
