import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { placeDatabase } from "./embedded-template.ts";

const main = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

export interface RelayProcess {
  readonly url: string;
  readonly pid: number;
  /** Everything it has written to standard output and error so far. */
  output(): string;
  /** Sends the signal and waits for the end; answers its exit code, null when the signal ended it. */
  end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null>;
}

/**
 * A free port below those that the system gives to outgoing connections: one of these could be taken between this
 * answer and the start of the server that it is for.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    if (await isFree(port)) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Runs the built command line as a user would, with nothing of this process's environment but the path. */
export function runCommand(args: readonly string[], env: Record<string, string>, cwd?: string): ChildProcess {
  return spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs a command to its end. */
export async function finishCommand(args: readonly string[], env: Record<string, string>, cwd?: string) {
  const child = runCommand(args, env, cwd);
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}

/** `contact-relay serve` as a real process, ready to take events. */
export async function startRelayProcess(env: Record<string, string>): Promise<RelayProcess> {
  const isEmbedded = env["REDIS_URL"] === undefined && env["DATABASE_URL"] === undefined;
  if (isEmbedded && env["DATA_DIR"] !== undefined) await placeDatabase(env["DATA_DIR"]);
  const port = await freePort();
  const child = runCommand(["serve"], { HOST: "127.0.0.1", PORT: String(port), ...env });
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const url = `http://127.0.0.1:${port}`;
  await Promise.race([
    untilAnswers(`${url}/healthz`),
    ended.then((code) => {
      throw new Error(`the relay ended with ${code} before it was ready:\n${output}`);
    }),
  ]);
  return {
    url,
    pid: child.pid ?? 0,
    output: () => output,
    async end(signal) {
      child.kill(signal);
      return await ended;
    },
  };
}

async function untilAnswers(url: string): Promise<void> {
  await until(
    async () => (await fetch(url).catch(() => undefined))?.ok === true,
    120_000,
    `${url} to answer`,
  );
}

/** Polls until `holds`, or fails saying what did not happen. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  deadlineMs: number,
  what: string,
  everyMs = 20,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
