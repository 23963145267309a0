/** True when the whole type fits the pattern; `*` stands for any run of characters, none too. Case counts. */
export function matchesPattern(pattern: string, type: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  const tail = rest.pop();
  if (tail === undefined) return type === pattern;
  const end = type.length - tail.length;
  if (!type.startsWith(head) || !type.endsWith(tail) || head.length > end) return false;
  let from = head.length;
  for (const part of rest) {
    const at = type.indexOf(part, from);
    if (at === -1 || at + part.length > end) return false;
    from = at + part.length;
  }
  return true;
}
