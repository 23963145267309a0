import type { JsonObject } from "../provider.ts";

/** What a key of the entry that is a number means: a field, or one input of a field. */
export interface FieldKey {
  readonly field: string;
  readonly input: string | undefined;
}

const fieldKey = /^(\d{1,9})(?:\.(\d{1,9}))?$/;

/** The properties of an entry beside its fields (docs.gravityforms.com/entry-object). */
const properties: ReadonlySet<string> = new Set([
  "id",
  "form_id",
  "created_by",
  "date_created",
  "date_updated",
  "is_starred",
  "is_read",
  "ip",
  "source_url",
  "source_id",
  "post_id",
  "user_agent",
  "status",
  "currency",
  "payment_status",
  "payment_date",
  "payment_amount",
  "payment_method",
  "transaction_id",
  "transaction_type",
  "is_fulfilled",
  "submission_speeds",
]);

export function readFieldKey(key: string): FieldKey | undefined {
  const [, field, input] = fieldKey.exec(key) ?? [];
  return field === undefined ? undefined : { field, input };
}

/** Whether it is an entry as a whole ("All Fields"): its own properties, and its fields by number. */
export function isEntry(payload: JsonObject): boolean {
  const hasProperties = ["id", "form_id", "date_created"].every((name) => Object.hasOwn(payload, name));
  return hasProperties && Object.keys(payload).some((key) => readFieldKey(key) !== undefined);
}

export function isProperty(key: string): boolean {
  return properties.has(key);
}
