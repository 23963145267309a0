const characters: Readonly<Record<string, string>> = {
  quot: '"',
  lt: "<",
  gt: ">",
  amp: "&",
  "34": '"',
  "38": "&",
  "39": "'",
  "60": "<",
  "62": ">",
  "22": '"',
  "26": "&",
  "27": "'",
};

/**
 * The key that WooCommerce signs with. WordPress may keep a secret HTML-encoded, and signing decodes it once, with
 * `wp_specialchars_decode(…, ENT_QUOTES)`: these entities, and no others.
 */
export function signingKey(secret: string): string {
  return secret.replaceAll(
    /&(?:(quot|lt|gt|amp)|#0*(34|38|39|60|62)|#[xX]0*(22|26|27));/g,
    (entity, name?: string, decimal?: string, hex?: string) =>
      characters[name ?? decimal ?? hex ?? ""] ?? entity,
  );
}
