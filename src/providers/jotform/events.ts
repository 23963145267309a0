import { createHash } from "node:crypto";
import { attributesOf, isObject, mediaType, parseFields, parseJson, textAt } from "../body.ts";
import type { InboundRequest, Parsed } from "../provider.ts";

const formTypes: readonly string[] = ["multipart/form-data", "application/x-www-form-urlencoded"];

/** It repeats the address of the webhook, and with it the key. */
const keyPart = "webhookURL";

/**
 * One submission per request: the parts of a form, of which `rawRequest` is a JSON text that holds the answers. The
 * payload is all parts but the one with the key, `rawRequest` as the object it stands for.
 */
export function parse(request: InboundRequest): Parsed {
  if (!formTypes.includes(mediaType(request.headers))) {
    return { kind: "unsupported", message: `Jotform sends ${formTypes.join(" or ")}.` };
  }
  const form = parseFields(request.body, request.headers["content-type"] ?? "");
  if (!form.ok) return { kind: "malformed", message: form.message };
  const submissionId = textAt(form.fields, "submissionID");
  const written = textAt(form.fields, "rawRequest");
  if (submissionId === undefined || written === undefined) {
    return malformed("The form is not a Jotform submission: it has no submissionID and rawRequest.");
  }
  const rawRequest = parseJson(written);
  if (!rawRequest.ok || !isObject(rawRequest.value)) return malformed("The rawRequest is not a JSON object.");
  const parts = Object.fromEntries(Object.entries(form.fields).filter(([name]) => name !== keyPart));
  return {
    kind: "events",
    events: [
      {
        id: identityOf(submissionId, written),
        type: "form_submission",
        occurredAt: undefined,
        attributes: attributesOf({ formID: parts["formID"], submissionID: submissionId }),
        payload: JSON.stringify({ ...parts, rawRequest: rawRequest.value }),
      },
    ],
  };
}

function malformed(message: string): Parsed {
  return { kind: "malformed", message };
}

/**
 * An edited submission is sent again under its id: only the answers tell the two apart. The body cannot, because each
 * request has a boundary of its own.
 */
function identityOf(submissionId: string, rawRequest: string): string {
  return `${submissionId}:${createHash("sha256").update(rawRequest).digest("hex").slice(0, 32)}`;
}
