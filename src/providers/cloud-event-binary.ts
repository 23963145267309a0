import { decodeUtf8, isJsonType, mediaType, parseJson, percentDecode } from "./body.ts";
import type { InboundRequest } from "./provider.ts";

/** An event of the binary mode as JSON text of the structured one, still to be checked. */
type Structured = { ok: true; text: string } | { ok: false; message: string };

const prefix = "ce-";

export function isBinaryMode(headers: Readonly<Record<string, string>>): boolean {
  return Object.keys(headers).some((name) => name.startsWith(prefix));
}

/**
 * Puts `ce-` headers and body (HTTP protocol binding 1.0.2, section 3.1) together as one event; JSON data stays exact.
 *
 * @param decode how a header's value is read; undefined for what is none
 */
export function toStructured(
  request: Pick<InboundRequest, "headers" | "body">,
  decode: (written: string) => string | undefined = (written) => percentDecode(unquoted(written)),
): Structured {
  const context = new Map<string, string>();
  for (const [header, written] of Object.entries(request.headers)) {
    if (!header.startsWith(prefix)) continue;
    const name = header.slice(prefix.length);
    if (name === "datacontenttype" || name === "data" || name === "data_base64") {
      return { ok: false, message: `The header ${header} must not be sent.` };
    }
    const value = decode(written);
    if (value === undefined) return { ok: false, message: "A ce- header is not valid UTF-8." };
    if (value !== "") context.set(name, value);
  }
  const contentType = request.headers["content-type"]?.trim() ?? "";
  if (contentType !== "") context.set("datacontenttype", contentType);
  const data = dataMember(request);
  if (!data.ok) return data;
  const members = JSON.stringify(Object.fromEntries(context)).slice(1, -1);
  return { ok: true, text: `{${[members, data.text].filter((member) => member !== "").join(",")}}` };
}

/** The member `data` or `data_base64`, or nothing. */
function dataMember(request: Pick<InboundRequest, "headers" | "body">): Structured {
  if (request.body.length === 0) return { ok: true, text: "" };
  const type = mediaType(request.headers);
  const text = decodeUtf8(request.body);
  if (type === "" || isJsonType(type)) {
    const json = parseJson(text ?? "");
    if (text !== undefined && json.ok) return { ok: true, text: `"data":${text}` };
    if (type !== "") return { ok: false, message: json.ok ? "The data is not valid UTF-8." : json.message };
  }
  if (text !== undefined && isTextual(type)) return { ok: true, text: `"data":${JSON.stringify(text)}` };
  return { ok: true, text: `"data_base64":"${request.body.toString("base64")}"` };
}

function isTextual(type: string): boolean {
  return type === "" || type.startsWith("text/") || type === "application/xml" || type.endsWith("+xml");
}

/** Older senders put the value between double quotes, with backslash escapes. */
function unquoted(value: string): string {
  const text = value.trim();
  if (text.length < 2 || !text.startsWith('"') || !text.endsWith('"')) return text;
  return text.slice(1, -1).replaceAll(/\\(.)/g, "$1");
}
