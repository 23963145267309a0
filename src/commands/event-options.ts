import { readTime, timeForms } from "./times.ts";

/** Which events are meant, as a person says it. */
export interface EventOptions {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly source?: string | undefined;
  readonly type?: string | undefined;
  readonly state?: string | undefined;
  readonly contact?: string | undefined;
}

/** The same as the admin API's filter, or what is wrong with it. */
export function readEventOptions(options: EventOptions, now: number): Record<string, string> | string {
  const filter: Record<string, string> = {};
  for (const name of ["source", "type", "state", "contact"] as const) {
    const value = options[name];
    if (value !== undefined) filter[name] = value;
  }
  for (const name of ["from", "to"] as const) {
    const text = options[name];
    if (text === undefined) continue;
    const at = readTime(text, now);
    if (at === undefined) return `--${name}: "${text}" is no time: give ${timeForms}`;
    filter[name] = new Date(at).toISOString();
  }
  return filter;
}
