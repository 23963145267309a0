import { createCipheriv, createDecipheriv, createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { scrub } from "../telemetry/scrub.ts";
import type { Access } from "./access.ts";
import { incomingOf } from "./body.ts";

/**
 * References of contacts that show nothing and can still be followed: `email:a•••@e•••~<seal>`. The same contact has the
 * same seal for as long as the key is the same, and only this relay can open it.
 */
export interface Seals {
  mask(reference: string): string;
  /** What is behind a masked reference; what is none comes back as it is, a false one as undefined. */
  open(text: string): string | undefined;
}

const personal = /^(phone|email):(.*)$/s;
const seal = /^(?:phone|email):.*~([\w-]{17,1200})$/s;
const ivBytes = 12;

export function createSeals(secret: string): Seals {
  const derived = (purpose: string) =>
    Buffer.from(hkdfSync("sha256", secret, "", `contact-relay masked ${purpose}`, 32));
  const [key, ivKey] = [derived("references"), derived("references' numbers")];
  const ivOf = (text: string) => createHmac("sha256", ivKey).update(text).digest().subarray(0, ivBytes);
  const cipherIv = (iv: Buffer) => Buffer.concat([iv, Buffer.alloc(4)]);

  return {
    mask(reference) {
      const [, kind = "", value = ""] = personal.exec(reference) ?? [];
      if (kind === "") return reference;
      const iv = ivOf(reference);
      const cipher = createCipheriv("aes-256-ctr", key, cipherIv(iv));
      const sealed = Buffer.concat([iv, cipher.update(reference, "utf8"), cipher.final()]);
      return `${kind}:${maskedIdentifier(value)}~${sealed.toString("base64url")}`;
    },
    open(text) {
      const [, sealed] = seal.exec(text) ?? [];
      if (sealed === undefined) return text;
      const bytes = Buffer.from(sealed, "base64url");
      const iv = bytes.subarray(0, ivBytes);
      const decipher = createDecipheriv("aes-256-ctr", key, cipherIv(iv));
      const reference = Buffer.concat([decipher.update(bytes.subarray(ivBytes)), decipher.final()]).toString(
        "utf8",
      );
      return timingSafeEqual(iv, ivOf(reference)) ? reference : undefined;
    },
  };
}

function maskedIdentifier(value: string): string {
  const at = value.lastIndexOf("@");
  if (at !== -1) return `${value.slice(0, 1)}•••@${value.slice(at + 1, at + 2)}•••`;
  return `${value.slice(0, 3)}•••${value.slice(-2)}`;
}

/** Keys below which everything was told by or about a person. */
const personalKeys = new Set(["payload", "patch", "attributes", "was", "became"]);
/** Texts that may quote what was sent. */
const quotingKeys = new Set([
  "message",
  "words",
  "reason",
  "why",
  "note",
  "detail",
  "name",
  "from",
  "unusedAnswers",
]);
const kept = new Set(["name"]);

/** The same answer, with the values hidden and everything else as it was. */
export function masked(value: unknown, seals: Seals, key = "", isPersonal = false): unknown {
  if (typeof value === "string") {
    if (isPersonal) return maskedValue(value);
    if (personal.test(value)) return seals.mask(value);
    return quotingKeys.has(key) ? scrub(value) : value;
  }
  if (typeof value === "number") return isPersonal && Math.abs(value) >= 1_000_000 ? "•••" : value;
  if (Array.isArray(value)) return value.map((item) => masked(item, seals, key, isPersonal));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const isBelow = (isPersonal || personalKeys.has(name)) && !(key === "custom_fields" && kept.has(name));
      // Keys are a sender's own words only within a payload.
      return [isPersonal ? scrub(name) : name, masked(inner, seals, name, isBelow)];
    }),
  );
}

/** Its length is a part of what it looks like, and says little. */
export function maskedValue(text: string): string {
  if (text === "" || /^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)$/.test(text)) return text;
  return `${text.slice(0, 1).replace(/[^\p{L}\p{N}]/u, "•")}••• (${text.length})`;
}

/**
 * `/admin/…` as whoever asks may see it: masked for a viewer, and for whoever asks with `personal=masked`. Masked
 * references are understood by everybody who is let in.
 */
export function maskedAdmin(api: Hono, access: Access, seals: Seals | undefined): Hono {
  const app = new Hono();
  app.use("/admin/*", async (context, next) => {
    const caller = seals && (await access.callerOf(context));
    if (!caller) return await next();
    const url = new URL(context.req.url);
    const isMasked = caller.role === "viewer" || url.searchParams.get("personal") === "masked";
    const hasSeal = /~|%7e/i.test(url.href);
    if (!isMasked && !hasSeal) return await next();
    url.searchParams.delete("personal");
    if (hasSeal) unseal(url, seals);
    const { method, headers } = context.req.raw;
    const isBare = ["GET", "HEAD"].includes(method) || incomingOf(context) !== undefined;
    const body = isBare ? {} : { body: await context.req.arrayBuffer() };
    const answer = await api.fetch(new Request(url, { method, headers, ...body }), context.env);
    const isJson = answer.headers.get("content-type")?.startsWith("application/json") === true;
    if (!isMasked || !isJson || method === "HEAD") return answer;
    const kept = new Headers(answer.headers);
    kept.delete("content-length");
    const text = JSON.stringify(masked(JSON.parse(await answer.text()), seals));
    return new Response(text, { status: answer.status, headers: kept });
  });
  app.route("/", api);
  return app;
}

/** The reference stands in the path, `/admin/contacts/<ref>`, or in the filter `contact`. */
function unseal(url: URL, seals: Seals): void {
  const asked = url.searchParams.get("contact");
  if (asked !== null) url.searchParams.set("contact", seals.open(asked) ?? "masked");
  const parts = url.pathname.split("/");
  const opened = parts.map((part) => {
    const text = decoded(part);
    return text.includes("~") ? encodeURIComponent(seals.open(text) ?? "masked") : part;
  });
  url.pathname = opened.join("/");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
