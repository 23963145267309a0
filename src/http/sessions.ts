import { createHmac, randomBytes, scryptSync, timingSafeEqual } from "node:crypto";

/** `viewer`: may read, masked; `operator`: may do everything. */
export type Role = "operator" | "viewer";

export interface Session {
  readonly id: string;
  readonly role: Role;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/** Sign-ins of browsers. What a cookie holds proves itself: only the sign-outs are remembered. */
export interface Sessions {
  begin(role: Role): { readonly text: string; readonly session: Session };
  /** Undefined for what was not made with today's token, is over, or was ended. */
  read(text: string): Session | undefined;
  end(session: Session): void;
}

export const sessionMs = 12 * 3_600_000;
/** Beyond it the sign-outs that would be remembered longest end all sessions that are older than they are. */
const endedMax = 10_000;

/** A session ends with the token that it was begun with: its proof is made with a key of that token. */
export function createSessions(
  tokens: Readonly<Record<Role, string | undefined>>,
  now: () => number,
): Sessions {
  const keys = new Map<Role, Buffer>();
  const ended = new Map<string, number>();
  let allBefore = 0;

  /** Slow to make, so that a stolen cookie is no quick way to guess a short token. */
  function keyOf(role: Role): Buffer | undefined {
    const token = tokens[role];
    if (token === undefined) return undefined;
    const key = keys.get(role) ?? scryptSync(token, `contact-relay session ${role}`, 32);
    keys.set(role, key);
    return key;
  }
  function proofOf(key: Buffer, body: string): Buffer {
    return createHmac("sha256", key).update(body).digest();
  }

  return {
    begin(role) {
      const key = keyOf(role);
      if (!key) throw new Error(`there is no token of a ${role}`);
      const session = { id: randomBytes(16).toString("base64url"), role, expiresAt: now() + sessionMs };
      const body = `${role}.${session.expiresAt}.${session.id}`;
      return { text: `${body}.${proofOf(key, body).toString("base64url")}`, session };
    },
    read(text) {
      const match = /^((operator|viewer)\.(\d{1,15})\.([\w-]{22}))\.([\w-]{43})$/.exec(text);
      if (!match) return undefined;
      const [, body = "", role, expires, id = "", proof = ""] = match;
      const session = { id, role: role as Role, expiresAt: Number(expires) };
      const key = keyOf(session.role);
      const given = Buffer.from(proof, "base64url");
      if (!key || given.length !== 32 || !timingSafeEqual(given, proofOf(key, body))) return undefined;
      const isOver = session.expiresAt <= now() || session.expiresAt <= allBefore;
      return isOver || ended.has(id) ? undefined : session;
    },
    end({ id, expiresAt }) {
      for (const [other, until] of ended) if (until <= now()) ended.delete(other);
      if (ended.size >= endedMax) {
        allBefore = Math.max(...ended.values());
        ended.clear();
      }
      ended.set(id, expiresAt);
    },
  };
}

/** With `__Host-` a browser takes it over TLS alone, for this host alone. */
const names = { secure: "__Host-contact-relay", plain: "contact-relay" } as const;

export function sessionCookie(text: string, isSecure: boolean, maxAgeSeconds: number): string {
  const flags = `Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict`;
  return isSecure ? `${names.secure}=${text}; ${flags}; Secure` : `${names.plain}=${text}; ${flags}`;
}

/** The texts of a `Cookie` header that may be a session, that of TLS first. */
export function cookiesIn(header: string | undefined): string[] {
  const pairs = (header ?? "").split(";").map((pair) => pair.trim());
  return [names.secure, names.plain].flatMap((name) =>
    pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1)),
  );
}
