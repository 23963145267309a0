import { z } from "zod";
import { customFieldTypes } from "../contact/custom-field.ts";
import { failure, type Answer } from "./answers.ts";
import type { CustomFieldRule } from "./validate.ts";

const text = z.string().min(1).max(500);

/** In which of the shapes that clients of the API have seen the fields are answered. */
export const fieldShapes = ["items", "data", "list"] as const;

/** What the custom fields of the workspace are, and how they are told. What is not given stays as it is. */
export const customFieldsSchema = z.strictObject({
  /** `null`: any name is taken, and as whatever its value looks like. */
  fields: z
    .record(
      text,
      z.strictObject({
        type: z.enum(customFieldTypes),
        options: z.array(text).max(1_000).optional(),
        slug: text.optional(),
      }),
    )
    .nullable()
    .optional(),
  shape: z.enum(fieldShapes).optional(),
  /** `forbidden`: the token may write contacts and not read the fields. */
  reading: z.enum(["allowed", "forbidden"]).optional(),
});

export type CustomFieldsSettings = z.infer<typeof customFieldsSchema>;
type Fields = Exclude<CustomFieldsSettings["fields"], undefined>;

/** All of it, as it is now. */
export interface CustomFieldsInForce {
  readonly fields: Fields;
  readonly shape: (typeof fieldShapes)[number];
  readonly reading: "allowed" | "forbidden";
}

export interface SandboxFields {
  /** Those that exist; undefined where any name is taken. */
  rules(): Readonly<Record<string, CustomFieldRule>> | undefined;
  settings(): CustomFieldsInForce;
  set(settings: CustomFieldsSettings): void;
  reset(): void;
  /** What `GET /space/custom_field` answers. */
  answer(url: URL, headers: Readonly<Record<string, string>>): Answer;
}

const limitUsual = 10;
const limitMax = 100;
const firstId = 101;

export function createSandboxFields(initial: CustomFieldsSettings): SandboxFields {
  const start: CustomFieldsInForce = {
    fields: initial.fields ?? null,
    shape: initial.shape ?? "items",
    reading: initial.reading ?? "allowed",
  };
  let now = start;
  return {
    rules: () => now.fields ?? undefined,
    settings: () => now,
    set({ fields = now.fields, shape = now.shape, reading = now.reading }) {
      now = { fields, shape, reading };
    },
    reset() {
      now = start;
    },
    answer(url, headers) {
      if (now.reading === "forbidden") return failure(403, headers, "Forbidden resource");
      if (now.fields === null) return failure(404, headers, "Not found");
      const limit = Number(url.searchParams.get("limit") ?? limitUsual);
      if (!Number.isInteger(limit) || limit < 1 || limit > limitMax) return failure(400, headers);
      const all = Object.entries(now.fields).map(([name, rule], index) => ({
        id: firstId + index,
        name,
        ...rule,
      }));
      // What is no id is no cursor, and begins anew: clients that took an address for a cursor have seen it.
      const after = Number(url.searchParams.get("cursorId") ?? 0);
      const behind = all.filter(({ id }) => !Number.isFinite(after) || id > after);
      const page = behind.slice(0, limit);
      const last = behind.length > limit ? page.at(-1)?.id : undefined;
      return {
        status: 200,
        body: JSON.stringify(bodies[now.shape](page, last, url)),
        headers: { "Content-Type": "application/json", ...headers },
      };
    },
  };
}

interface NumberedField extends CustomFieldRule {
  readonly id: number;
  readonly name: string;
}

type Body = (page: readonly NumberedField[], last: number | undefined, url: URL) => unknown;

const bodies: Readonly<Record<(typeof fieldShapes)[number], Body>> = {
  items: (page, last, url) => ({
    items: page.map(({ id, name, slug, type, options }) => ({
      id,
      name,
      slug: slug ?? name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "_"),
      description: null,
      dataType: type,
      allowedValues: options === undefined ? undefined : { listValues: options },
    })),
    pagination: { next: last === undefined ? null : nextAddress(url, last), previous: null },
  }),
  data: (page, last) => ({
    data: page.map((field) => ({ ...plain(field), dataType: field.type.toUpperCase() })),
    nextCursor: last ?? null,
  }),
  list: (page) => page.map(plain),
};

function plain({ id, name, slug, type, options }: NumberedField) {
  return { id, name, slug, dataType: type, allowedValues: options };
}

function nextAddress(url: URL, last: number): string {
  const next = new URL(url);
  next.searchParams.set("cursorId", String(last));
  return next.href;
}
