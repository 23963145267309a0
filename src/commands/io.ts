import type { Environment } from "../config.ts";

/** What a command has of the outside world: passed in, so that commands can be tested. */
export interface Io {
  readonly env: Environment;
  /** The names that came from `.env` alone. */
  readonly dotEnv?: ReadonlySet<string>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether standard output is a terminal that shows colours. */
  readonly color: boolean;
  /** Where standard output and error are one: what shows progress is written to standard error. */
  readonly terminal?: { columns(): number };
  /** Asks a person and answers whether it was yes; only where one sits at a terminal. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Calls back whenever the process is asked to read its configuration anew (SIGHUP), until it is called off. */
  readonly onHangup?: (callback: () => void) => () => void;
  /** Resolves when the process is asked to stop (SIGTERM, SIGINT). */
  readonly stopRequested: Promise<string>;
}

/** 0 ok, 1 failed, 2 bad usage. */
export type ExitCode = 0 | 1 | 2;

export function printJson(io: Io, value: unknown): void {
  io.out(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** One line each, so that a person sees every problem at once. */
export function printProblems(io: Io, heading: string, problems: readonly string[]): void {
  io.err(`${heading}\n${problems.map((problem) => `  - ${problem}\n`).join("")}`);
}
