import { createMetrics } from "../../src/telemetry/metrics.ts";

const exposed = [...(await createMetrics().render()).body.matchAll(/^# TYPE (\S+) (\w+)$/gm)].map(
  ([, name = "", type]) => ({ name, type }),
);
const suffixes = { counter: [""], gauge: [""], histogram: ["", "_bucket", "_sum", "_count"] };

/** Every name that a query may ask for. */
export const known: readonly string[] = exposed.flatMap(({ name, type }) =>
  (suffixes[type as keyof typeof suffixes] ?? [""]).map((suffix) => name + suffix),
);

/** Those of the relay itself: the runtime's have names of their own. */
export const own: readonly string[] = exposed
  .map(({ name }) => name)
  .filter((name) => !/^relay_(?:process|nodejs)_/.test(name));

/** Metrics that a text names. A name made by the adapter, a schema and a prefix with a star are none. */
export function namedMetrics(text: string): string[] {
  const notMetrics = ["relay_events_waiting", "relay_relay"];
  const names = [...text.matchAll(/\brelay_[a-z0-9_]+[a-z0-9](?![a-z0-9_*])/g)].map(([name]) => name);
  return [...new Set(names)].filter((name) => !notMetrics.includes(name));
}

/** Where a link into a page can lead, as GitHub names its headings. */
export function anchorsOf(page: string): string[] {
  return [...page.matchAll(/^#{2,4} (.*)$/gm)].map(
    ([, heading = ""]) =>
      `#${heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-")}`,
  );
}
