import { customFieldTypes, type CustomFieldType } from "./custom-field.ts";

/** A custom field as the workspace has it. */
export interface WorkspaceField {
  readonly name: string;
  /** Other names of it that clients of the API were seen to use. */
  readonly slug?: string | undefined;
  readonly title?: string | undefined;
  /** Undefined where the API names a type that is not known here: nothing is said of its values then. */
  readonly type: CustomFieldType | undefined;
  /** Of a list; undefined where the API does not tell them. */
  readonly options?: readonly string[] | undefined;
}

/** The custom fields of a workspace, found by any of their names. */
export interface WorkspaceFields {
  readonly all: readonly WorkspaceField[];
  /** False where not all could be read: then a field that is not among them may be there all the same. */
  readonly complete: boolean;
  find(name: string): FoundField | undefined;
}

export interface FoundField {
  readonly field: WorkspaceField;
  /** By which of its names. The API documents `name` alone. */
  readonly by: "name" | "slug" | "title";
}

export function workspaceFields(all: readonly WorkspaceField[], complete: boolean): WorkspaceFields {
  const found = new Map<string, FoundField>();
  const add = (by: FoundField["by"]) => {
    for (const field of all) {
      const name = field[by];
      if (name === undefined) continue;
      const other = found.get(name);
      if (!other) found.set(name, { field, by });
      else if (other.by === by) found.set(name, { field: common(other.field, field), by });
    }
  };
  add("name");
  add("slug");
  add("title");
  return { all, complete, find: (name) => found.get(name) };
}

/** Of two fields with one name nobody can tell which is written to: only what both have counts. */
function common(one: WorkspaceField, other: WorkspaceField): WorkspaceField {
  const isSame = one.type === other.type && JSON.stringify(one.options) === JSON.stringify(other.options);
  return isSame ? one : { name: one.name, type: undefined };
}

/** `TEXT` and `text` are one. */
export function readFieldType(text: string): CustomFieldType | undefined {
  const word = text.trim().toLowerCase();
  return customFieldTypes.find((type) => type === word);
}
