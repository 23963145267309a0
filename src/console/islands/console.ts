import "./style.css";
import { addCopyButtons } from "./copy.ts";
import { listenToKeys } from "./keys.ts";
import { showLocalTimes } from "./times.ts";

/** What a page can do without, added to what is there. */
const parts: readonly (readonly [selector: string, start: (at: HTMLElement) => Promise<unknown>])[] = [
  ["[data-live-overview]", async (at) => (await import("./overview.tsx")).followOverview(at)],
  ["[data-live-events]", async (at) => (await import("./tail.tsx")).followEvents(at)],
  ["[data-traffic]", async (at) => (await import("./traffic.ts")).drawTraffic(at)],
  ["[data-playground]", async (at) => (await import("./playground.tsx")).tryAsYouType(at)],
];

showLocalTimes(document);
addCopyButtons(document);
listenToKeys();
for (const [selector, start] of parts) {
  const at = document.querySelector<HTMLElement>(selector);
  if (at) void start(at);
}
