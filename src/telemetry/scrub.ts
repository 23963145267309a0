/**
 * The last line of defence for personal data and secrets in logs. Fields that carry them are redacted by name
 * (see redact.ts); this masks what slips into texts: e-mail addresses, phone numbers, secrets in URLs and headers.
 */

const secrets: readonly (readonly [RegExp, string])[] = [
  [/(?<![\w-])([\w-]*(?:keys?|token|secret|password|signature|hmac)=)[^&\s"#]+/gi, "$1[masked]"],
  [/\b((?:https?|wss?):\/\/)[^\s/@"<>?#]+@/gi, "$1[masked]@"],
  // A password may hold "/" and "@": up to the last "@". Not for the URLs of stack frames.
  [/\b(?!https?:|wss?:|file:|node:)([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s"<>]*@/gi, "$1[masked]@"],
  [/\b(authorization\s*[:=]\s*(?:(?:bearer|basic)\s+)?)[^\s"',]+/gi, "$1[masked]"],
  [/\b(bearer|basic) +(?=[\w.~+/-]*[\d=]|\S{20})[\w.~+/=-]{6,}/gi, "$1 [masked]"],
  [/\b(?:whsec|whsk|whpk|sk_live|sk_test|rk_live|rk_test|shpss|shpat|shpca)_[\w+/=-]+/g, "[masked]"],
];

const local = String.raw`[^\s@"<>(),;:\\[\]]`;
const at = "(?:@|%40)";
const domain = String.raw`(?:\[[^\]\s]*\]?|[^\s@"'<>(),;:\\/[\]{}&=?#|]+)`;
/** Whatever is glued to an "@" (or its percent-encoding); the look-behind keeps long texts linear. */
const emailRun = new RegExp(
  `(?:"[^"\\n]{1,64}"|(?<!${local})${local}+)${at}${domain}(?:${local}*${at}${domain})*`,
  "gi",
);

const phones: readonly RegExp[] = [
  // International: a plus and at least six digits, however they are grouped.
  /(?:\+|%2B)[\s(]{0,2}\d(?:(?:[\s()./\u2010-\u2015-]|%20){0,3}\d){5,}/gi,
  /(?<![\w.-])00[1-9]\d{7,13}(?!\w)/g,
  // National: only in the groupings that people write, so that counts, ports and times stay readable.
  /(?<![\w.-]|\d:)\(\d{2,4}\)\s?\d{3,4}[\s.-]?\d{3,5}(?![\w:-]|\.\d)/g,
  /(?<![\w.-]|\d:)(?:\d{3,4}[.-]\d{3,4}[\s.-]|0\d{1,3}[\s.-]\d{3,4}[\s.-]?|\d{3} \d{3} (?=\d{4}))\d{3,5}(?![\w:-]|\.\d)/g,
];

const scannedMax = 10_000;
const emailLengthMax = 320;

export function scrub(text: string): string {
  let clean = text.length > scannedMax ? shorten(text) : text;
  for (const [pattern, mask] of secrets) clean = clean.replace(pattern, mask);
  clean = clean.replace(emailRun, maskEmail);
  for (const pattern of phones) clean = clean.replace(pattern, "[phone]");
  return clean;
}

/** Drops the word at the cut: half an address is no longer recognized as one. */
function shorten(text: string): string {
  return `${text.slice(0, scannedMax).replace(new RegExp(`\\S{1,${emailLengthMax}}$`), "")}…`;
}

/** Keeps the path or URL in front of an address, and the scoped packages of stack frames (`node_modules/@scope`). */
function maskEmail(run: string): string {
  const [before = "", ...after] = run.split(/@|%40/i);
  if (before.endsWith("node_modules/") && after.length === 1) return run;
  if (!run.startsWith("/")) return "[e-mail]";
  return `${before.slice(0, before.search(/[^/?&=]*$/))}[e-mail]`;
}
