/** A name and the code it stands for. */
export type NamedCode = readonly [name: string, code: string];

/**
 * Looks codes up by name: case, accents, punctuation and a leading "the" aside. An earlier tier hides a later one;
 * a name that stands for two codes within its tier stands for none.
 */
export function indexNames(tiers: readonly Iterable<NamedCode>[]): (name: string) => string | undefined {
  const index = new Map<string, string | undefined>();
  for (const tier of tiers) {
    const found = new Map<string, string | undefined>();
    for (const [name, code] of tier) {
      const key = nameKey(name);
      if (key === "" || index.has(key)) continue;
      found.set(key, found.has(key) && found.get(key) !== code ? undefined : code);
    }
    for (const [key, code] of found) index.set(key, code);
  }
  return (name) => index.get(nameKey(name));
}

function nameKey(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/[\u0300-\u036f]/g, "")
    .toLowerCase()
    .replaceAll("&", " and ")
    .replaceAll(/[.'’`]/g, "")
    .replaceAll(/[\s\p{P}]+/gu, " ")
    .trim()
    .replace(/^the (?=.)/, "");
}
