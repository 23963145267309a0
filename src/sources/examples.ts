import { coreFields, customField, type FieldName, type FieldValue } from "../contact/contact-patch.ts";
import type { exampleSchema, expectSchema, KeysOf } from "./schema.ts";
import type { Entry, Located, YamlFile } from "./yaml-file.ts";

/** A payload and what the source has to make of it: a test within the configuration. */
export interface Example {
  readonly name: string;
  readonly payload: { readonly text: string } | { readonly file: string };
  readonly type: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly expect: Expectation;
}

/** All of the fields and no others; `contact` only where it is given. */
export type Expectation =
  | {
      readonly kind: "update";
      readonly contact: string | undefined;
      readonly fields: Readonly<Partial<Record<FieldName, FieldValue>>>;
    }
  | { readonly kind: "ignored"; readonly reason: string | undefined }
  | { readonly kind: "parked"; readonly reason: string | undefined }
  | { readonly kind: "erase"; readonly contacts: readonly string[] };

type ExampleEntries = ReadonlyMap<KeysOf<typeof exampleSchema>, Entry>;

/** Reads `examples:`; every mistake is reported to the file. */
export function readExamples(file: YamlFile, at: Located): readonly Example[] {
  const examples = file.items(at).flatMap((item) => readExample(file, item) ?? []);
  const names = new Set<string>();
  for (const { name } of examples) {
    if (names.has(name)) file.report(at, `two examples are named "${name}"`);
    names.add(name);
  }
  return examples;
}

function readExample(file: YamlFile, at: Located): Example | undefined {
  if (!file.isMapping(at)) return undefined;
  const entries: ExampleEntries = file.fields(at);
  const name = entries.get("name");
  const expect = entries.get("expect");
  const payload = readPayload(file, at, entries);
  const type = entries.get("type");
  const headers = entries.get("headers");
  const read = {
    name: name && file.text(name.value),
    expect: expect && readExpectation(file, expect.value),
    type: type && file.text(type.value),
    headers: headers ? readHeaders(file, headers.value) : {},
  };
  if (read.name === undefined || read.expect === undefined || payload === undefined) return undefined;
  return { name: read.name, payload, type: read.type, headers: read.headers, expect: read.expect };
}

function readPayload(file: YamlFile, at: Located, entries: ExampleEntries): Example["payload"] | undefined {
  const payload = entries.get("payload");
  const path = entries.get("file");
  if (payload && path) file.report(path.key, "stands beside a `payload`: give one of the two");
  if (path) {
    const text = file.text(path.value);
    return text === undefined ? undefined : { file: text };
  }
  if (!payload) {
    file.report(at, "needs a `payload` or a `file`");
    return undefined;
  }
  const value = file.scalar(payload.value);
  return { text: typeof value === "string" ? value : file.json(payload.value) };
}

function readHeaders(file: YamlFile, at: Located): Record<string, string> {
  return Object.fromEntries(
    file.entries(at).flatMap((entry) => {
      const text = file.text(entry.value);
      return text === undefined ? [] : [[entry.name.toLowerCase(), text]];
    }),
  );
}

function readExpectation(file: YamlFile, at: Located): Expectation | undefined {
  if (!file.isMapping(at)) return undefined;
  const entries = file.fields<KeysOf<typeof expectSchema>>(at);
  const ignored = entries.get("ignored");
  const parked = entries.get("parked");
  const erase = entries.get("erase");
  if ((ignored || parked || erase) && entries.size > 1) {
    file.report(at, "an event that is ignored, parked or erases has no fields: give one of them alone");
  }
  const reasonAt = (at: Located) => (file.scalar(at) === true ? undefined : file.text(at));
  if (ignored) return { kind: "ignored", reason: reasonAt(ignored.value) };
  if (parked) return { kind: "parked", reason: reasonAt(parked.value) };
  if (erase) return { kind: "erase", contacts: file.texts(erase.value).map(({ text }) => text) };
  const fields: Partial<Record<FieldName, FieldValue>> = {};
  for (const field of coreFields) {
    const entry = entries.get(field);
    if (entry) fields[field] = readValue(file, entry.value);
  }
  const custom = entries.get("custom_fields");
  for (const entry of custom ? file.entries(custom.value) : []) {
    fields[customField(entry.name)] = readValue(file, entry.value);
  }
  const contact = entries.get("contact");
  return { kind: "update", contact: contact && file.text(contact.value), fields };
}

function readValue(file: YamlFile, at: Located): FieldValue {
  const value = file.scalar(at);
  // Such an integer is mapped as a text, too.
  return typeof value === "bigint" ? String(value) : (value ?? null);
}
