import { readFile } from "node:fs/promises";

type Read<Value> = { ok: true; value: Value } | { ok: false; message: string };

/** The bytes of a file, or of standard input for `-`. */
export async function readPayload(file: string): Promise<Read<Buffer>> {
  try {
    return { ok: true, value: file === "-" ? await readStandardInput() : await readFile(file) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
}

async function readStandardInput(): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Headers from lines `Name: value`, their names in lower case. */
export function readHeaders(lines: readonly string[]): Read<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon < 1) return { ok: false, message: `"${line}" is not of the form "Name: value"` };
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim();
  }
  return { ok: true, value: headers };
}
