const nothing = `
export function createJournal() {
  return { made() {}, setAside() {}, take: () => [], write: async () => undefined };
}`;

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!url.endsWith("/dist/delivery/journal.js")) return loaded;
  const source = String(loaded.source);
  const kept = "export function createJournal()";
  if (!source.includes(kept)) throw new Error("the journal is made elsewhere now: mend this hook");
  return { ...loaded, source: source.replace(kept, "function unused()") + nothing };
}
