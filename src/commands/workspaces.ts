import type { Config } from "../config.ts";
import { defaultDestination, type Destination } from "../sources/destinations.ts";
import type { Source } from "../sources/source.ts";

/** One workspace that contacts are delivered to, with what is its own. */
export interface Workspace {
  /** The destination's name; `default` for the workspace of the settings. */
  readonly name: string;
  /** Of its keys, tables and queues. The workspace of the settings has the same with others beside it as alone. */
  readonly prefix: string;
  readonly api: Config["api"];
}

/** The prefix of a destination's keys, tables and queues. */
export function prefixOf(config: Pick<Config, "storePrefix">, destination: string): string {
  return destination === defaultDestination ? config.storePrefix : `${config.storePrefix}_${destination}`;
}

/** The workspace of the settings, where its token is given, and those of the sources file. */
export function workspacesOf(config: Config, destinations: readonly Destination[]): readonly Workspace[] {
  const own: Workspace[] =
    config.api.token === "" && destinations.length > 0
      ? []
      : [{ name: defaultDestination, prefix: config.storePrefix, api: config.api }];
  const named = destinations.map(({ name, token, baseUrl, ratePerSecond, missingContact, fields }) => ({
    name,
    prefix: prefixOf(config, name),
    api: {
      ...config.api,
      token,
      baseUrl: baseUrl ?? config.api.baseUrl,
      ratePerSecond: ratePerSecond ?? config.api.ratePerSecond,
      fields: fields ?? config.api.fields,
      missingContact: missingContact ?? config.api.missingContact,
    },
  }));
  return [...own, ...named];
}

/** Whether anything is delivered to the workspace of the settings, so that its token has to be given. */
export function needsOwnToken(sources: readonly Source[], destinations: readonly Destination[]): boolean {
  return destinations.length === 0 || sources.some(({ destination }) => destination === defaultDestination);
}
