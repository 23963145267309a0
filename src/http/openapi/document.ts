import type { z } from "zod";
import { adminOperations } from "./admin.ts";
import { components, type Components, type JsonSchema } from "./components.ts";
import { healthOperations } from "./health.ts";
import { doorAnswers, tags, type Answer, type Operation } from "./operation.ts";
import { webhookOperations } from "./webhooks.ts";

type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>;

export interface DocumentedAnswer {
  readonly description: string;
  readonly headers?: Readonly<Record<string, object>>;
  readonly content?: Content;
  readonly "x-may-be-empty"?: true;
}

interface DocumentedParameter {
  readonly name: string;
  readonly in: "path" | "query";
  readonly required?: true;
  readonly description?: unknown;
  readonly schema: JsonSchema;
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description?: string;
  readonly security: readonly object[];
  readonly parameters?: readonly DocumentedParameter[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

/** As much of OpenAPI 3.1 as is used here. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: object;
  readonly servers: readonly object[];
  readonly tags: readonly object[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly securitySchemes: object; readonly schemas: Components["schemas"] };
}

const operations = [...webhookOperations, ...healthOperations, ...adminOperations];

/** Every route of the relay, from the schemas that its requests are read with and its answers are typed by. */
export function openApiDocument(version: string): OpenApiDocument {
  const schemas = components(operations.flatMap(schemasOf));
  const paths: Record<string, Record<string, DocumentedOperation>> = {};
  for (const operation of operations) {
    const { path, method } = operation;
    paths[path] = { ...paths[path], [method]: describeOperation(operation, schemas) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "contact-relay",
      version,
      description:
        "Takes events and keeps the contacts of an API up to date. Times are ISO 8601 in UTC unless they say otherwise. " +
        "HEAD is answered wherever GET is. A request that is not HTTP, too slow or too large to read " +
        "is answered 400, 408 or 431 without a body.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/", description: "The relay that this came from." }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        operator: { type: "http", scheme: "bearer", description: "The relay's `ADMIN_TOKEN`." },
      },
      schemas: schemas.schemas,
    },
  };
}

function schemasOf({ parameters, query, body, answers }: Operation): z.ZodType[] {
  const bodies = [body?.content, ...Object.values(answers).map(({ content }) => content)];
  return [parameters, query, ...bodies].flatMap((some) => Object.values(some ?? {}));
}

function describeOperation(operation: Operation, schemas: Components): DocumentedOperation {
  const { id, tag, summary, description, parameters, query, body, answers } = operation;
  const documented = [...parametersIn("path", parameters, schemas), ...parametersIn("query", query, schemas)];
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    security: securityOf(operation),
    ...(documented.length === 0 ? {} : { parameters: documented }),
    ...(body
      ? {
          requestBody: {
            description: body.description,
            required: true,
            content: contentOf(body.content, schemas),
          },
        }
      : {}),
    responses: Object.fromEntries(
      Object.entries({ ...answers, ...doorAnswers }).map(([status, answer]) => [
        status,
        describeAnswer(answer, schemas),
      ]),
    ),
  };
}

/** An empty requirement means: or none. */
function securityOf({ path }: Operation): object[] {
  if (path.startsWith("/admin/")) return [{ operator: [] }];
  return path === "/metrics" ? [{ operator: [] }, {}] : [];
}

function parametersIn(
  place: "path" | "query",
  parameters: Operation["parameters"],
  schemas: Components,
): DocumentedParameter[] {
  return Object.entries(parameters ?? {}).map(([name, parameter]) => {
    const { description, ...schema } = schemas.of(parameter);
    return {
      name,
      in: place,
      ...(place === "path" ? { required: true } : {}),
      ...(description === undefined ? {} : { description }),
      schema,
    };
  });
}

function describeAnswer(
  { description, headers, content, mayBeEmpty }: Answer,
  schemas: Components,
): DocumentedAnswer {
  return {
    description,
    ...(headers
      ? {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, says]) => [
              name,
              { description: says, schema: { type: "string" } },
            ]),
          ),
        }
      : {}),
    ...(content ? { content: contentOf(content, schemas) } : {}),
    ...(mayBeEmpty ? { "x-may-be-empty": true } : {}),
  };
}

function contentOf(content: NonNullable<Answer["content"]>, schemas: Components): Content {
  return Object.fromEntries(
    Object.entries(content).map(([type, schema]) => [type, { schema: schemas.of(schema) }]),
  );
}
