import type { Io } from "./io.ts";

/** How far long work is, on one line of a terminal that is written over again. */
export interface Progress {
  /** `of` is undefined where nobody knows how much it is. */
  show(done: number, of: number | undefined, text: string): void;
  /** Takes the line away, so that what is printed next stands by itself. */
  end(): void;
}

const everyMs = 100;
const barWidth = 20;
const clearLine = "\r\u001b[2K";

/** Shows nothing where standard output or error is no terminal, or JSON is asked for. */
export function startProgress(
  { terminal, color, err }: Pick<Io, "terminal" | "color" | "err">,
  json: boolean,
  clock: () => number = () => performance.now(),
): Progress {
  if (!terminal || json) return { show: () => undefined, end: () => undefined };
  let shownAt = Number.NEGATIVE_INFINITY;
  let isShown = false;
  return {
    show(done, of, text) {
      const now = clock();
      if (now - shownAt < everyMs) return;
      shownAt = now;
      isShown = true;
      err(clearLine + progressLine({ done, of, text }, terminal.columns(), color));
    },
    end() {
      if (isShown) err(clearLine);
      isShown = false;
      shownAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/** The line is gone when the work ends, also where that fails. */
export async function withProgress<Result>(
  io: Pick<Io, "terminal" | "color" | "err">,
  json: boolean,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  const progress = startProgress(io, json);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

interface Step {
  readonly done: number;
  readonly of: number | undefined;
  readonly text: string;
}

/** Never as wide as the terminal: a line that wraps could not be written over. */
export function progressLine({ done, of, text }: Step, columns: number, color: boolean): string {
  const width = Math.max(0, columns - 1);
  const share = of === undefined ? undefined : of === 0 ? 1 : Math.min(1, Math.max(0, done / of));
  const figures = share === undefined ? String(done) : `${Math.floor(share * 100)} %  ${done} of ${of}`;
  const words = text === "" ? figures : `${figures}  ${text}`;
  // Where there is no room for both, the figures say more.
  if (share === undefined || width < barWidth + 3 + figures.length) return words.slice(0, width);
  const full = Math.floor(share * barWidth);
  const [filled, empty] = ["█".repeat(full), "░".repeat(barWidth - full)];
  const bar = color ? `\u001b[32m${filled}\u001b[0m${empty}` : filled + empty;
  return `${bar}  ${words.slice(0, width - barWidth - 2)}`;
}
