import { signal } from "@preact/signals";
import { render } from "preact";
import type { EventLine, Page } from "../answers.ts";
import { fitsPattern, readQuery } from "../query.ts";
import { exact } from "../words.ts";
import { ask, every, paused } from "./live.ts";

const countedMax = 200;
const fresh = signal(0);
const isMore = signal(false);

/** Counts what is new instead of moving the rows under the reader's hand. */
export function followEvents(at: HTMLElement): void {
  const search = new URLSearchParams(location.search);
  if (search.get("cursor")) return;
  const newest = at.dataset["newest"] ?? "";
  at.hidden = false;
  render(<New />, at);
  every(3_000, async () => {
    const { problems: _, type, ...query } = readQuery(search.get("q") ?? "", Date.now());
    const exactType = type?.includes("*") === false ? { type } : {};
    const asked = { ...query, ...exactType, limit: String(countedMax) } as Record<string, string>;
    const page = await ask<Page<EventLine>>("/events", asked);
    const fitting = page.items.filter((item) => type === undefined || fitsPattern(type, item.type));
    // Ids sort by arrival: the newest row may have left the query meanwhile.
    const newer = fitting.filter(({ id }) => id > newest);
    fresh.value = newer.length;
    isMore.value = newer.length === fitting.length && page.next !== null;
  });
}

function New() {
  const count = `${exact(fresh.value)}${isMore.value ? " or more" : ""} new`;
  return (
    <>
      <button type="button" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
        {paused.value ? "Go on" : "Pause"}
      </button>{" "}
      {fresh.value > 0 ? (
        <button type="button" class="main" onClick={() => location.reload()}>
          {count}
        </button>
      ) : (
        <span>{paused.value ? "Paused" : "Live: nothing new"}</span>
      )}
    </>
  );
}
