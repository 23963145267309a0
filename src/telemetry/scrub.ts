/**
 * The last line of defence for personal data in logs. Fields that carry it are redacted by name; this masks what
 * slips into texts: e-mail addresses, phone numbers, and secrets in URLs.
 */
const patterns: readonly (readonly [RegExp, string])[] = [
  [/([?&](?:key|access_token|token|secret|password)=)[^&\s"']+/gi, "$1[masked]"],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"']+@/gi, "$1[masked]@"],
  [/\b(bearer|basic) +[a-z0-9._~+/=-]{6,}/gi, "$1 [masked]"],
  [/[^\s@"'<>(),:;=/\\[\]{}]{1,64}(?:@|%40)[^\s@"'<>(),:;=/\\[\]{}]{1,255}/gi, "[e-mail]"],
  [/(?:\+|%2B)\d[\d\s().-]{4,20}\d/gi, "[phone]"],
  [/(?<![\w.:-])\d{3,4}[\s().-]\d{3,4}[\s().-]\d{3,5}(?![\w.:-])/g, "[phone]"],
];

const scannedMax = 10_000;

export function scrub(text: string): string {
  let clean = text.length > scannedMax ? `${text.slice(0, scannedMax)}…` : text;
  for (const [pattern, mask] of patterns) clean = clean.replace(pattern, mask);
  return clean;
}
