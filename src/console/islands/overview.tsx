import { signal } from "@preact/signals";
import { render } from "preact";
import type { Numbers, StatusOfSome } from "../answers.ts";
import {
  answerClasses,
  dayFigures,
  dayQuery,
  parkedOf,
  rateFigures,
  recentQuery,
  sourceFigures,
  sparkPath,
  workFigures,
  worksOf,
  type Figures,
} from "../figures.ts";
import { needsOf, silentSources, type Need } from "../needs.ts";
import { stateClass, utc } from "../words.ts";
import { ask, every, paused } from "./live.ts";
import { showLocalTimes } from "./times.ts";

const asOf = signal("");

/** Numbers change in their places; nothing on the page moves. */
export function followOverview(at: HTMLElement): void {
  const bar = document.createElement("p");
  bar.className = "live";
  at.before(bar);
  render(<Pulse />, bar);
  every(2_000, async () => {
    showStatus(await ask<StatusOfSome>("/status"));
    asOf.value = new Date().toLocaleTimeString();
  });
  every(10_000, async () => {
    const places = [...document.querySelectorAll<HTMLElement>("[data-live$='|accepted']")];
    for (const place of places) {
      const destination = (place.dataset["live"] ?? "").slice(0, -"|accepted".length);
      const now = Date.now();
      const numbers = await ask<Numbers>("/numbers", { ...recentQuery(now), destination });
      show(destination, rateFigures(numbers, now));
    }
  });
  every(60_000, async () => showDay(await ask<Numbers>("/numbers", dayQuery)));
}

/** Writes each figure where it stands. Rows of which there is nothing to tell are hidden. */
function show(owner: string, figures: Figures): void {
  for (const [name, text] of Object.entries(figures)) {
    const key = CSS.escape(`${owner}|${name}`);
    const place = document.querySelector(`[data-live="${key}"]`);
    if (place && place.textContent !== text) {
      place.textContent = text;
      if (place.classList.contains("state")) place.className = stateClass(text);
    }
    const row = document.querySelector<HTMLElement>(`[data-when="${key}"]`);
    if (row) row.hidden = text === "";
  }
}

function showStatus(status: StatusOfSome): void {
  for (const work of worksOf(status)) {
    const { destination, upstream } = work;
    show(destination, workFigures(work, Date.now()));
    const meter = document.querySelector<HTMLMeterElement>(`[data-meter="${CSS.escape(destination)}"]`);
    if (meter && upstream.rate !== null) meter.value = upstream.rate;
  }
  const more = document.querySelector<HTMLElement>("[data-parked]");
  if (more) more.hidden = parkedOf(status) <= Number(more.dataset["parked"]);
  showNeeds(needsOf(status));
  const silent = silentSources(status);
  for (const mark of document.querySelectorAll<HTMLElement>("[data-silent]")) {
    mark.hidden = !silent.has(mark.dataset["silent"] ?? "");
  }
}

function showDay(numbers: Numbers): void {
  const figures = dayFigures(numbers);
  show("", figures);
  const none = document.querySelector<HTMLElement>("[data-none]");
  if (none) none.hidden = answerClasses.some(([name]) => figures[`answers ${name}`] !== "");
  for (const [source, own] of Object.entries(numbers.sources)) {
    show(`source ${source}`, sourceFigures(own, Date.now()));
    const spark = document.querySelector(`[data-spark="${CSS.escape(source)}"]`);
    spark?.setAttribute("d", sparkPath(own.accepted));
  }
}

let needsShown: string | undefined;

/** The list is made anew only when it says something else, and never under the reader's hand. */
function showNeeds(needs: readonly Need[]): void {
  const list = document.querySelector<HTMLElement>("[data-needs]");
  const text = JSON.stringify(needs);
  if (!list || text === needsShown || list.contains(document.activeElement)) return;
  const isFirst = needsShown === undefined;
  needsShown = text;
  // The server has just written the same.
  if (isFirst && list.children.length === needs.length) return;
  list.replaceChildren(...needs.map(needLine));
  showLocalTimes(list);
  const none = document.querySelector<HTMLElement>("[data-no-needs]");
  if (none) none.hidden = needs.length > 0;
}

function needLine({ text, since, heading }: Need): HTMLLIElement {
  const line = document.createElement("li");
  const link = document.createElement("a");
  link.textContent = "What to do";
  link.href = `/console/runbook${location.search}#${heading}`;
  line.append(text, " ");
  if (since !== null) {
    const time = document.createElement("time");
    time.dateTime = since;
    time.textContent = `${utc(since).slice(0, 19)} UTC`;
    line.append(time, " ");
  }
  line.append(link);
  return line;
}

function Pulse() {
  return (
    <>
      <button type="button" aria-pressed={paused.value} onClick={() => (paused.value = !paused.value)}>
        {paused.value ? "Go on" : "Pause"}
      </button>{" "}
      <span>{paused.value ? "Paused" : asOf.value === "" ? "Live" : `Live, as of ${asOf.value}`}</span>
    </>
  );
}
