import { settings } from "../config/settings.ts";
import { didYouMean } from "./closest.ts";
import { destinationName, type destinationSchema, type KeysOf } from "./schema.ts";
import type { Entry, YamlFile } from "./yaml-file.ts";

/** The workspace of `AELYST_API_TOKEN`. */
export const defaultDestination = "default";

/** A workspace that the sources file names. What it does not say is as the settings say. */
export interface Destination {
  readonly name: string;
  readonly token: string;
  readonly baseUrl: string | undefined;
  /** Requests per second, for all replicas together. */
  readonly ratePerSecond: number | undefined;
  /** Whether values are held against its custom fields before they are sent. */
  readonly fields: "off" | "check" | undefined;
  /** What becomes of updates for a contact that its API does not have. */
  readonly missingContact: "park" | "wait" | "create" | undefined;
}

/** Reads `destinations:`; what is wrong with one is said in the words of the setting that it stands for. */
export function readDestinations(file: YamlFile, at: Entry | undefined): readonly Destination[] {
  if (!at) return [];
  return file.entries(at.value).flatMap((entry) => readDestination(file, entry) ?? []);
}

function readDestination(file: YamlFile, entry: Entry): Destination | undefined {
  const { name } = entry;
  if (!new RegExp(destinationName).test(name)) {
    file.report(
      entry.key,
      "is no name of a destination: a-z, 0-9 and _, beginning with a letter, at most 24",
    );
  } else if (name === defaultDestination) {
    file.report(entry.key, "is the name of the workspace of AELYST_API_TOKEN: take another one");
  }
  const entries = file.fields<KeysOf<typeof destinationSchema>>(entry.value);
  const read = <Value>(key: KeysOf<typeof destinationSchema>, schema: Schema<Value>): Value | undefined => {
    const found = entries.get(key)?.value;
    const scalar = found && file.scalar(found);
    const text = typeof scalar === "number" ? String(scalar) : found && file.text(found);
    if (!found || text === undefined) return undefined;
    const parsed = schema.safeParse(text);
    if (parsed.success) return parsed.data;
    for (const { message } of parsed.error.issues) file.report(found, message);
    return undefined;
  };
  const token = read("token", settings.AELYST_API_TOKEN);
  const baseUrl = read("url", settings.AELYST_API_URL);
  const ratePerSecond = read("rate", settings.AELYST_RATE_LIMIT);
  const fields = read("fields", settings.AELYST_FIELDS);
  const missingContact = read("missing_contact", settings.AELYST_MISSING_CONTACT);
  return token === undefined ? undefined : { name, token, baseUrl, ratePerSecond, fields, missingContact };
}

interface Schema<Value> {
  safeParse(
    text: string,
  ): { success: true; data: Value } | { success: false; error: { issues: readonly { message: string }[] } };
}

/** The destination that a source names. */
export function readDestinationOf(file: YamlFile, at: Entry | undefined, known: readonly string[]): string {
  const text = at && file.text(at.value);
  if (!at || text === undefined) return defaultDestination;
  const names = [...known, defaultDestination];
  if (!names.includes(text)) {
    file.report(
      at.value,
      `"${text}" is no destination${didYouMean(text, names)} (there are: ${names.join(", ")})`,
    );
  }
  return text;
}
