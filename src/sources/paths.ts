const pathsMax = 300;

/** The values of a payload, each by the expression that finds it. */
export function pathsOf(payload: unknown): readonly string[] {
  const found: string[] = [];
  function walk(value: unknown, path: string): void {
    if (found.length >= pathsMax) return;
    if (typeof value !== "object" || value === null) {
      if (path !== "") found.push(path);
      return;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (Array.isArray(value)) walk(inner, `${path === "" ? "$" : path}[${key}]`);
      else walk(inner, path === "" ? quoted(key) : `${path}.${quoted(key)}`);
    }
  }
  walk(payload, "");
  return found;
}

/** A name with a blank or a sign in it stands in back quotes. */
function quoted(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? name : `\`${name}\``;
}
