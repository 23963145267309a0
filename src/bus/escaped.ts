/** An attribute of a CloudEvent as it stands in a header of HTTP, where attributes are read from. */
export function escaped(text: string): string {
  return text.replaceAll(/[^!#$&-~]/gu, (character) => encodeURIComponent(character));
}
