import { startSandbox } from "../sandbox/sandbox.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";

export interface SandboxCommand {
  readonly port: number;
  readonly rate: number;
  readonly json: boolean;
}

/** The API's contract as a local server, until it is asked to stop. */
export async function sandbox(options: SandboxCommand, io: Io): Promise<ExitCode> {
  let server;
  try {
    server = await startSandbox({ port: options.port, ratePerSecond: options.rate });
  } catch (error) {
    io.err(`the sandbox cannot listen on 127.0.0.1:${options.port}: ${String(error)}\n`);
    return 1;
  }
  const control = new URL("/_sandbox", server.url).href;
  if (options.json) printJson(io, { url: server.url, control, ratePerSecond: options.rate });
  else {
    io.out(
      [
        `The sandbox API is listening. Point the relay at it:`,
        ``,
        `  AELYST_API_URL=${server.url} AELYST_API_TOKEN=anything npm start`,
        ``,
        `Contacts it holds:  curl ${control}/contacts`,
        `Its request log:    curl ${control}/requests`,
        `Switch on a fault:  curl -X POST ${control}/faults -H 'Content-Type: application/json' -d '{"status":500,"times":3}'`,
        `All faults off:     curl -X DELETE ${control}/faults`,
        ``,
        `${options.rate} requests per second are allowed. Ctrl-C stops it.`,
        ``,
      ].join("\n"),
    );
  }
  await io.stopRequested;
  await server.close();
  return 0;
}
