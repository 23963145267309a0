// The small table of README, between its marks: what matters most of bench/results/latest.json.
import { describe, table, writeSection } from "./report.mjs";

const names = ["relay, Redis", "relay, PostgreSQL", "relay, embedded", "Hono + BullMQ, by hand", "Node-RED"];

export function writeReadme(measured) {
  writeSection("README.md", "bench", section(measured));
}

function section(measured) {
  const cell = (scenario, pick, show) => (name) => {
    const row = measured[scenario]?.rows.find((one) => one.name === name && pick(one));
    return row ? show(row) : "";
  };
  const percent = (share) => `${(share * 100).toFixed(1)} %`;
  const lines = [
    [
      "orders of 1 KB accepted per second",
      cell(
        "intake",
        ({ of }) => of === "1 KB",
        (row) => `${Math.round(row.perSecond)}`,
      ),
    ],
    [
      "the same, of a bare server with one `XADD`",
      cell(
        "intake",
        ({ of }) => of === "1 KB",
        (row) => row.ofFloor?.toFixed(2) ?? "",
      ),
    ],
    [
      "delivered per second, distinct contacts",
      cell(
        "through",
        ({ contacts }) => contacts === "distinct",
        (row) => `${Math.round(row.perSecond)}`,
      ),
    ],
    [
      "delivered per second, ten events per contact",
      cell(
        "through",
        ({ contacts }) => contacts !== "distinct",
        (row) => `${Math.round(row.perSecond)}`,
      ),
    ],
    [
      "requests for an event, ten per contact",
      cell(
        "through",
        ({ contacts }) => contacts !== "distinct",
        (row) => row.perEvent.toFixed(2),
      ),
    ],
    [
      "contacts that end with an old value",
      cell(
        "through",
        ({ contacts }) => contacts !== "distinct",
        (row) => String(row.behind),
      ),
    ],
    [
      "a single event at the API, p95, ms",
      cell(
        "latency",
        () => true,
        (row) => row.idle[1].toFixed(0),
      ),
    ],
    [
      "a ceiling of 50/s, used",
      cell(
        "pace",
        ({ ceiling }) => ceiling === 50,
        (row) => percent(row.use),
      ),
    ],
    [
      "a ceiling of 1 000/s, used",
      cell(
        "pace",
        ({ ceiling }) => ceiling === 1_000,
        (row) => percent(row.use),
      ),
    ],
    [
      "most in any second, ceiling 100",
      cell(
        "pace",
        ({ ceiling }) => ceiling === 100,
        (row) => String(row.most),
      ),
    ],
    [
      "lost of what was answered 200, `kill -9` under load",
      cell(
        "loss",
        () => true,
        (row) => `${row.missing} of ${row.accepted}`,
      ),
    ],
    [
      "memory at most while accepting, MB",
      cell(
        "intake",
        ({ of }) => of === "1 KB",
        (row) => String(row.peakMb),
      ),
    ],
  ];
  const rows = lines.map(([what, of]) => [what, ...names.map(of)]);
  const { machine } = Object.values(measured)[0];
  return `${table(["", ...names], rows)}\n\n${describe(machine)}`;
}
