import { createServer, type IncomingMessage, type ServerResponse } from "node:http";

interface Got {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export const answersOk: Answer = (_, response) => response.end("ok");

/** A real receiver of notices on this machine, which answers as it is told to. */
export async function startReceiver() {
  const state = { answer: answersOk, got: [] as Got[] };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = request.headers as Record<string, string>;
      state.got.push({ headers, text: Buffer.concat(chunks).toString() });
      state.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  return {
    state,
    url: `http://127.0.0.1:${port}/hook?key=hunter2`,
    /** What was posted so far, as JSON. */
    bodies: () => state.got.map(({ text }) => JSON.parse(text) as Record<string, string>),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
