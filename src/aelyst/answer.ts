/** An answer's body: its text, and what it is as JSON (undefined when it is none). */
export interface AnswerBody {
  readonly text: string;
  readonly json: unknown;
}

export const noBody: AnswerBody = { text: "", json: undefined };

const bodyBytesMax = 64 * 1024;
const messageCharactersMax = 500;

/** Reads a body of at most 64 KiB: whatever an API of this kind has to say fits. Of a longer one only the text counts. */
export async function readBody(body: AsyncIterable<Uint8Array>): Promise<AnswerBody> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    text += decoder.decode(chunk.subarray(0, bodyBytesMax), { stream: true });
    if (bytes > bodyBytesMax) return { text: text.slice(0, bodyBytesMax), json: undefined };
  }
  return parseBody(text + decoder.decode());
}

export function parseBody(text: string): AnswerBody {
  try {
    return { text, json: JSON.parse(text) };
  } catch {
    return { text, json: undefined };
  }
}

/** The API's own words, or undefined when it has none. */
export function words({ text, json }: AnswerBody): string | undefined {
  if (json === undefined) {
    if (/^\s*<[!?a-z]/i.test(text)) return "an HTML page instead of JSON";
    return text.trim() === "" ? undefined : text;
  }
  const message = typeof json === "object" && json !== null && "message" in json ? json.message : undefined;
  if (typeof message === "string" && message.trim() !== "") return message;
  if (typeof message !== "object" || message === null) return jsonText(json);
  const inner = "message" in message && typeof message.message === "string" ? `${message.message} ` : "";
  return inner + jsonText(message);
}

/** Written anew, so that escapes cannot hide the token; a value nested too deeply for that is left out. */
function jsonText(json: unknown): string {
  try {
    return JSON.stringify(json);
  } catch {
    return "(JSON nested too deeply)";
  }
}

/** One short line without control characters; never the token, should an API echo it. */
export function clean(text: string, token: string): string {
  const withoutToken = token === "" ? text : text.replaceAll(token, "[token]");
  const line = withoutToken
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")
    .trim()
    .toWellFormed();
  if (line.length <= messageCharactersMax) return line;
  // The cut may go through a pair of surrogates.
  return `${line.slice(0, messageCharactersMax - 1).toWellFormed()}…`;
}
