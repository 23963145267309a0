import { Hono } from "hono";
import { openApiDocument } from "./document.ts";

/** `GET /openapi.json`. It holds no data, and is the same in every process whatever its role. */
export function openapi(version: string): Hono {
  const app = new Hono();
  let text: string | undefined;
  app.get("/openapi.json", (context) => {
    text ??= JSON.stringify(openApiDocument(version));
    return context.body(text, 200, { "Content-Type": "application/json" });
  });
  return app;
}
