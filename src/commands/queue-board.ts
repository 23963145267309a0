import { serveStatic } from "@hono/node-server/serve-static";
import { Hono } from "hono";
import type { Queue } from "bullmq";
import { installCommand, isInstalled } from "./installed.ts";

const packages = ["@bull-board/api", "@bull-board/hono"] as const;

/** What to do where the board is asked for and its packages, optional peers, are not installed. */
export function missingBoard(
  isAsked: boolean,
  isThere: (packageName: string) => boolean = isInstalled,
): readonly string[] {
  if (!isAsked || packages.every(isThere)) return [];
  return [`CONSOLE_QUEUES shows Bull Board, which is not installed: ${installCommand(packages)}`];
}

export interface BoardQueue {
  /** Its destination, where there are several. */
  readonly destination: string | undefined;
  readonly queue: Queue;
}

/** Bull Board, below `path`, to look at: its packages are loaded only here. */
export async function openQueueBoard(path: string, queues: readonly BoardQueue[]): Promise<Hono> {
  const [{ createBullBoard }, { BullMQAdapter }, { HonoAdapter }] = await Promise.all([
    import("@bull-board/api"),
    import("@bull-board/api/bullMQAdapter"),
    import("@bull-board/hono"),
  ]);
  const serverAdapter = new HonoAdapter(serveStatic);
  serverAdapter.setBasePath(path);
  createBullBoard({
    serverAdapter,
    queues: queues.map(
      ({ destination, queue }) =>
        new BullMQAdapter(queue, {
          readOnlyMode: true,
          allowRetries: false,
          prefix: destination === undefined ? "" : `${destination} `,
        }),
    ),
    options: { uiConfig: { boardTitle: "contact-relay" } },
  });
  return new Hono().route(path, serverAdapter.registerPlugin());
}
