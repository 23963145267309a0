/** What an error says to a person. A host with several addresses fails with one error each, and no text of its own. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) {
    const [first] = error.errors as unknown[];
    if (first !== undefined) return reasonOf(first);
  }
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  return "code" in error ? String(error.code) : error.name;
}
