/** The contact's own fields, as the API's page names them. All but `firstName` may be null. */
export const coreFields = [
  "firstName",
  "lastName",
  "phone",
  "email",
  "language",
  "profilePic",
  "countryCode",
] as const;
export type CoreField = (typeof coreFields)[number];

/** One value of a field. `null` clears the field at the API; absence leaves it alone. */
export type FieldValue = string | number | boolean | null;

/** `firstName`, … or `custom_fields.<name>`: one flat name per mergeable field. */
export type FieldName = CoreField | `custom_fields.${string}`;

/** What is wanted changed on one contact: normalized values by flat field name. */
export type ContactPatch = Readonly<Partial<Record<FieldName, FieldValue>>>;

export type ContactBody = Partial<Record<CoreField, FieldValue>> & {
  custom_fields?: { name: string; value: FieldValue }[];
};

const customPrefix = "custom_fields.";

export function customField(name: string): FieldName {
  return `${customPrefix}${name}`;
}

/** The name of a custom field; undefined of the contact's own. */
export function customFieldName(field: FieldName): string | undefined {
  return isCustomField(field) ? field.slice(customPrefix.length) : undefined;
}

/** The fields of a patch as typed pairs: core fields in the page's order, then custom fields in the patch's. */
export function patchEntries(patch: ContactPatch): [FieldName, FieldValue][] {
  const entries: [FieldName, FieldValue][] = [];
  for (const field of coreFields) {
    const value = Object.hasOwn(patch, field) ? patch[field] : undefined;
    if (value !== undefined) entries.push([field, value]);
  }
  for (const [field, value] of Object.entries(patch)) {
    if (isCustomField(field) && value !== undefined) entries.push([field, value]);
  }
  return entries;
}

function isCustomField(field: string): field is `custom_fields.${string}` {
  return field.startsWith(customPrefix);
}

/** The JSON body of `PUT /contact/{identifier}` for a patch. */
export function contactBody(patch: ContactPatch): ContactBody {
  const body: ContactBody = {};
  const custom: { name: string; value: FieldValue }[] = [];
  for (const [field, value] of patchEntries(patch)) {
    if (isCustomField(field)) custom.push({ name: field.slice(customPrefix.length), value });
    else body[field] = value;
  }
  if (custom.length > 0) body.custom_fields = custom;
  return body;
}
