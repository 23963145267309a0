import { createHash } from "node:crypto";
import { normalizeEmail, normalizePhone } from "./normalize.ts";

/** What names a contact at the API: `phone:+60123456789`, `email:a@b.c` or `id:123`, already normalized. */
export type ContactRef = `phone:${string}` | `email:${string}` | `id:${string}`;

export type IdentifierKind = "phone" | "email" | "id";
export const identifierKinds: readonly IdentifierKind[] = ["phone", "email", "id"];

/** The reference of one identifier value, or undefined when the value is not one of its kind. */
export function contactRef(kind: IdentifierKind, value: unknown): ContactRef | undefined {
  return readers[kind](value);
}

const readers: Readonly<Record<IdentifierKind, (value: unknown) => ContactRef | undefined>> = {
  phone(value) {
    const phone = normalizePhone(value, undefined);
    return phone.ok ? `phone:${phone.value}` : undefined;
  },
  email(value) {
    const email = normalizeEmail(value);
    return email.ok ? `email:${email.value}` : undefined;
  },
  /** The API tells its `contactId` as a JSON number: an id that one cannot hold exactly is none of its own. */
  id(value) {
    const text = typeof value === "string" || typeof value === "number" ? String(value).trim() : "";
    const isId = /^[1-9][0-9]{0,15}$/.test(text) && Number.isSafeInteger(Number(text));
    return isId ? `id:${text}` : undefined;
  },
};

/** Reads `phone:+60…`, `email:…` or `id:…` as a person would write it; undefined when it is none. */
export function parseContactRef(text: string): ContactRef | undefined {
  const colon = text.indexOf(":");
  if (colon === -1) return undefined;
  const kind = identifierKinds.find((known) => known === text.slice(0, colon).trim().toLowerCase());
  return kind && contactRef(kind, text.slice(colon + 1));
}

/** `/contact/<this>`: the prefix stays readable, the value is percent-encoded exactly once. */
export function contactPath(ref: ContactRef): string {
  const colon = ref.indexOf(":");
  return `${ref.slice(0, colon)}:${encodeURIComponent(ref.slice(colon + 1))}`;
}

/** A short, stable stand-in for a contact in logs, which never show a phone number or an e-mail. */
export function contactTag(ref: ContactRef): string {
  return `c_${createHash("sha256").update(ref).digest("hex").slice(0, 12)}`;
}
