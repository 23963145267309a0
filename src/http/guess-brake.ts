/** Ten wrong guesses within a minute, and for the next minute every further one is sent away. */
export interface GuessBrake {
  /** Counts a wrong guess. `waitMs` is 0 while guesses are taken; `begins` is true once, for the last one that was. */
  wrong(): { readonly waitMs: number; readonly begins: boolean };
}

const guessesMax = 10;
const windowMs = 60_000;

/** The clock never goes back. */
export function createGuessBrake(clock: () => number): GuessBrake {
  let guesses: number[] = [];
  let brakedUntil = -Infinity;

  return {
    wrong() {
      const now = clock();
      if (now < brakedUntil) return { waitMs: brakedUntil - now, begins: false };
      guesses = [...guesses.filter((at) => now - at < windowMs), now];
      const begins = guesses.length >= guessesMax;
      if (begins) {
        brakedUntil = now + windowMs;
        guesses = [];
      }
      return { waitMs: 0, begins };
    },
  };
}
