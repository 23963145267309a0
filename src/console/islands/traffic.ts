import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Numbers } from "../answers.ts";
import { ask } from "./live.ts";

const names = ["accepted", "delivered", "parked"] as const;

/** In place of the server's picture: with axes, a legend, and the exact numbers under the pointer. */
export async function drawTraffic(at: HTMLElement): Promise<void> {
  const { series } = await ask<Numbers>("/numbers", { step: "10" });
  if (series.length === 0) return;
  const style = getComputedStyle(document.documentElement);
  const color = (name: string) => style.getPropertyValue(`--plot-${name}`).trim();
  const axis = {
    stroke: style.getPropertyValue("--text").trim(),
    grid: { stroke: style.getPropertyValue("--line").trim() },
  };
  const times = series.map((minute) => Date.parse(minute.at) / 1_000);
  const data = [times, ...names.map((name) => series.map((minute) => minute[name] ?? 0))];
  at.replaceChildren();
  const plot = new uPlot(
    {
      width: at.clientWidth,
      height: 180,
      axes: [axis, axis],
      series: [{}, ...names.map((name) => ({ label: name, stroke: color(name), width: 2 }))],
    },
    data as uPlot.AlignedData,
    at,
  );
  new ResizeObserver(() => plot.setSize({ width: at.clientWidth, height: 180 })).observe(at);
}
