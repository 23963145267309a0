/** The end of a message about an unknown word: `; did you mean "secrets"?`, or nothing when no known word is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(word, known);
  return near === undefined ? "" : `; did you mean "${near}"?`;
}

/** The known word that was most likely meant, case and separators aside. */
export function closest(word: string, known: readonly string[]): string | undefined {
  const bare = bareWord(word);
  const distanceMax = Math.min(2, Math.floor(bare.length / 2.5));
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = editDistance(bare, bareWord(name));
    if (distance <= distanceMax && distance < (best?.distance ?? Infinity)) best = { name, distance };
  }
  return best?.name;
}

const wordLengthMax = 64;

function bareWord(word: string): string {
  return word
    .slice(0, wordLengthMax)
    .toLowerCase()
    .replaceAll(/[\s_.-]/g, "");
}

/** Letters added, dropped or exchanged. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      const exchanged = (row[j] ?? 0) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(exchanged, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
