/** An answer's body: its text, and what it is as JSON (undefined when it is none). */
export interface AnswerBody {
  readonly text: string;
  readonly json: unknown;
}

const bodyBytesMax = 64 * 1024;
const messageCharactersMax = 500;

/** The beginning of a body: whatever an API of this kind has to say fits into it. */
export async function readBounded(response: Response): Promise<string> {
  if (!response.body) return "";
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > bodyBytesMax) break;
  }
  return text.slice(0, bodyBytesMax);
}

export function parseBody(text: string): AnswerBody {
  try {
    return { text, json: JSON.parse(text) };
  } catch {
    return { text, json: undefined };
  }
}

/** The API's own words, short and clean; never the token, should an API echo it. */
export function errorMessage(status: number, body: AnswerBody, token: string): string {
  return clean(spoken(body) ?? `HTTP ${status}`, token);
}

function spoken({ text, json }: AnswerBody): string | undefined {
  if (typeof json === "object" && json !== null && "message" in json) {
    const { message } = json;
    if (typeof message === "string" && message.trim() !== "") return message;
    if (typeof message === "object" && message !== null) {
      return "message" in message && typeof message.message === "string"
        ? `${message.message} ${JSON.stringify(message)}`
        : JSON.stringify(message);
    }
  }
  if (/^\s*<(!doctype|html)/i.test(text)) return "an HTML page instead of JSON";
  return text.trim() === "" ? undefined : text;
}

function clean(text: string, token: string): string {
  const withoutToken = token === "" ? text : text.replaceAll(token, "[token]");
  const printable = withoutToken.replace(/[\p{Cc}\p{Cf}]+/gu, " ").trim();
  return printable.length > messageCharactersMax ? `${printable.slice(0, messageCharactersMax)}…` : printable;
}

/** Why there was no answer at all: the network's own code where there is one. */
export function failureMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "AbortError") return "aborted";
  const { cause } = error;
  if (cause instanceof Error) {
    return "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
  }
  return error.message;
}
