import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { openApiDocument, type DocumentedAnswer } from "../../src/http/openapi/document.ts";

const document = openApiDocument("test");

/** Strict: a keyword that says nothing, or a format that nobody checks, is an error. */
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
ajv.addFormat("date-time", /^\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const prefix = "#/components/schemas/";
for (const [name, schema] of Object.entries(document.components.schemas)) {
  ajv.addSchema(pointingTo(schema), `schema:${name}`);
}

/** A schema of the document, its references as ajv knows them. */
function pointingTo(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll(`"$ref":"${prefix}`, '"$ref":"schema:')) as object;
}

const validators = new Map<object, ValidateFunction>();
function validatorOf(schema: object): ValidateFunction {
  const known = validators.get(schema) ?? ajv.compile(pointingTo(schema));
  validators.set(schema, known);
  return known;
}

/** A path without parameters goes before one with them, as in the relay itself. */
const templates = Object.keys(document.paths)
  .sort((a, b) => Number(a.includes("{")) - Number(b.includes("{")))
  .map((template) => ({
    template,
    pattern: new RegExp(`^${template.replaceAll(".", "\\.").replaceAll(/\{[^}]+\}/g, "[^/]+")}$`),
  }));

/** What a path or method that the document does not know may be answered. */
const strangers: Readonly<Record<string, DocumentedAnswer>> = Object.fromEntries(
  [401, 404, 405, 414, 429, 431, 503].map((status) => [
    status,
    { description: "", content: { "application/json": { schema: { $ref: `${prefix}Error` } } } },
  ]),
);

interface Received {
  readonly status: number;
  readonly contentType: string | null;
  readonly text: string;
}

/** What is wrong with an answer, by the document; undefined where nothing is. */
export function complaint(method: string, path: string, received: Received): string | undefined {
  const { status, contentType, text } = received;
  const isHead = method.toUpperCase() === "HEAD";
  const asked = isHead ? "get" : method.toLowerCase();
  const template = templates.find(({ pattern }) => pattern.test(path))?.template;
  const operation = template === undefined ? undefined : document.paths[template]?.[asked];
  const where = `${method} ${template ?? path} answered ${status}`;
  const answer = (operation?.responses ?? strangers)[status];
  if (!answer) return `${where}, which the document does not know: ${text.slice(0, 500)}`;
  if (isHead) return text === "" ? undefined : `${where} with a body`;
  const type = contentType?.split(";")[0]?.trim().toLowerCase();
  if (text === "" && type === undefined && answer["x-may-be-empty"]) return undefined;
  if (!answer.content)
    return text === "" ? undefined : `${where} with a body, and should have none: ${text.slice(0, 500)}`;
  const content = answer.content[type ?? ""];
  if (!content) return `${where} as ${type ?? "nothing"}, which the document does not know`;
  const validate = validatorOf(content.schema);
  if (validate(type === "application/json" ? JSON.parse(text) : text)) return undefined;
  return `${where}, which is not what the document says: ${ajv.errorsText(validate.errors, { separator: "\n  " })}\n${text.slice(0, 2_000)}`;
}

/** The answer as it came, unread. Throws where the document says otherwise. */
export async function documented(method: string, path: string, response: Response): Promise<Response> {
  const received = {
    status: response.status,
    contentType: response.headers.get("content-type"),
    text: await response.clone().text(),
  };
  const wrong = complaint(method, path, received);
  if (wrong !== undefined) throw new Error(wrong);
  return response;
}

/** `fetch` from a relay. Throws where the answer is not what the document says. */
export async function fetchDocumented(address: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, init);
  return await documented(init.method ?? "GET", new URL(address).pathname, response);
}
