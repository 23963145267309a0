import { describe } from "./report.mjs";

const ink = "#1f2933";
const colours = { relay: "#2f6fde", peer: "#9aa5b1" };
const bar = { height: 18, gap: 6, left: 230, width: 360 };

const escaped = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const text = (x, y, content, extra = "") =>
  `<text x="${x}" y="${y}" fill="${ink}" ${extra}>${escaped(content)}</text>`;

function chart(top, title, rows) {
  const most = Math.max(...rows.map(({ value }) => value), 1);
  const parts = [text(0, top + 14, title, 'font-weight="600"')];
  rows.forEach(({ name, value, note }, index) => {
    const y = top + 26 + index * (bar.height + bar.gap);
    const width = Math.max(1, Math.round((value / most) * bar.width));
    const colour = name.startsWith("relay") ? colours.relay : colours.peer;
    parts.push(
      text(bar.left - 8, y + 13, name, 'text-anchor="end"'),
      `<rect x="${bar.left}" y="${y}" width="${width}" height="${bar.height}" fill="${colour}"/>`,
      text(bar.left + width + 6, y + 13, note),
    );
  });
  return { svg: parts.join("\n"), height: 26 + rows.length * (bar.height + bar.gap) + 18 };
}

/** Intake and through as bars, one chart each, the peers in grey. */
export function plot(measured) {
  const bars = (rows) =>
    rows.map(({ name, perSecond }) => ({ name, value: perSecond, note: `${Math.round(perSecond)}/s` }));
  const of = (name, pick) => bars((measured[name]?.rows ?? []).filter(pick));
  const charts = [
    ["Intake: signed orders of 1 KB accepted per second", of("intake", (row) => row.of === "1 KB")],
    ["Through: distinct contacts, events per second", of("through", (row) => row.contacts === "distinct")],
    [
      "Through: ten events per contact, events per second",
      of("through", (row) => row.contacts !== "distinct"),
    ],
  ].filter(([, rows]) => rows.length > 0);
  let top = 8;
  const drawn = charts.map(([title, rows]) => {
    const { svg, height } = chart(top, title, rows);
    top += height;
    return svg;
  });
  const machine = Object.values(measured)[0]?.machine;
  if (machine) drawn.push(text(0, top + 8, describe(machine).replaceAll("`", ""), 'font-size="9"'));
  return `<svg xmlns="http://www.w3.org/2000/svg" width="780" height="${top + 20}" viewBox="-8 0 780 ${top + 20}" font-family="system-ui, sans-serif" font-size="12">
<rect x="-8" width="780" height="${top + 20}" fill="#ffffff"/>
${drawn.join("\n")}
</svg>
`;
}
