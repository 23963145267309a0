import type { Sample } from "./provider.ts";

/**
 * The sample as another event that happens now: fresh ids in place of its ids, the time in place of its times.
 *
 * @param unique letters and digits, different for every call
 * @param now milliseconds since the epoch
 */
export function renewedSample(sample: Sample, unique: string, now: number): Sample {
  const changes = [
    ...(sample.ids ?? []).map((id) => [id, renewedId(id, unique)] as const),
    ...(sample.times ?? []).map((time) => [time, rewrittenTime(time, now)] as const),
  ];
  const renew = (text: string) =>
    changes.reduce((changed, [from, to]) => changed.replaceAll(from, () => to), text);
  const headers = Object.fromEntries(
    Object.entries(sample.headers).map(([name, value]) => [name, renew(value)]),
  );
  return { ...sample, headers, body: renew(sample.body) };
}

/** Of the same length and kind, so that it fits wherever the id stood: a number stays a number, hex stays hex. */
function renewedId(id: string, unique: string): string {
  const seed = BigInt(`0x${Buffer.from(unique).toString("hex") || "0"}`);
  const digits = seed.toString(10);
  const hex = seed.toString(16);
  if (/^\d+$/.test(id)) return renewedTail(id, digits);
  if (/^[0-9a-f-]+$/i.test(id)) return renewedTail(id, hex);
  return renewedTail(id, unique);
}

/** Replaces letters and digits from the end, at most as many as there are after the first. */
function renewedTail(id: string, tail: string): string {
  const characters = id.split("");
  let next = tail.length - 1;
  for (let index = characters.length - 1; index > 0 && next >= 0; index -= 1) {
    if (!/[A-Za-z0-9]/.test(characters[index] ?? "")) continue;
    characters[index] = tail[next] ?? "0";
    next -= 1;
  }
  return characters.join("");
}

/** The time now, written as that time is. */
function rewrittenTime(written: string, now: number): string {
  if (/^\d{10}$/.test(written)) return String(Math.floor(now / 1_000));
  if (/^\d{13}$/.test(written)) return String(now);
  const iso = new Date(now).toISOString();
  const match = /^\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/.exec(written);
  if (!match) return iso;
  const [, separator = "T", fraction = "", zone = ""] = match;
  const milliseconds = fraction === "" ? "" : iso.slice(19, 23).padEnd(fraction.length, "0");
  return `${iso.slice(0, 10)}${separator}${iso.slice(11, 19)}${milliseconds}${zone === "" || zone === "Z" ? zone : "+00:00"}`;
}
