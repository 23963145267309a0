import { beforeEach, describe, expect, it } from "vitest";
import { cookiesIn, createSessions, sessionCookie, sessionMs, type Sessions } from "./sessions.ts";

let now = Date.UTC(2026, 0, 5);
let sessions: Sessions;

const withTokens = (operator: string, viewer?: string) => createSessions({ operator, viewer }, () => now);

beforeEach(() => {
  now = Date.UTC(2026, 0, 5);
  sessions = withTokens("operator-token", "viewer-token");
});

describe("a session", () => {
  it("proves itself to every process with the same token, and to none with another", () => {
    const { text, session } = sessions.begin("operator");
    expect(withTokens("operator-token").read(text)).toEqual(session);
    expect(withTokens("another-token").read(text)).toBeUndefined();
    expect(createSessions({ operator: undefined, viewer: undefined }, () => now).read(text)).toBeUndefined();
  });

  it("is over after twelve hours, and not before", () => {
    const { text } = sessions.begin("viewer");
    now += sessionMs - 1;
    expect(sessions.read(text)?.role).toBe("viewer");
    now += 1;
    expect(sessions.read(text)).toBeUndefined();
  });

  it("cannot be made longer, another role's or another one", () => {
    const { text } = sessions.begin("viewer");
    const [role = "", expires = "", id = "", proof = ""] = text.split(".");
    for (const forged of [
      ["operator", expires, id, proof],
      [role, String(Number(expires) + 1), id, proof],
      [role, expires, `B${id.slice(1)}`, proof],
      [role, expires, id, `${proof.slice(0, -2)}AA`],
      [role, expires, id],
    ]) {
      if (forged.join(".") !== text) expect(sessions.read(forged.join("."))).toBeUndefined();
    }
  });

  it("that was ended lets nobody in, and no other ends with it", () => {
    const [one, other] = [sessions.begin("operator"), sessions.begin("operator")];
    sessions.end(one.session);
    expect(sessions.read(one.text)).toBeUndefined();
    expect(sessions.read(other.text)).toEqual(other.session);
  });

  it("that was ended stays so however many others are", () => {
    const first = sessions.begin("operator");
    sessions.end(first.session);
    for (let count = 0; count < 10_001; count += 1) {
      now += 1;
      sessions.end({ id: `id-${count}`, role: "operator", expiresAt: now + sessionMs });
    }
    expect(sessions.read(first.text)).toBeUndefined();
    now += 1;
    expect(sessions.read(sessions.begin("operator").text)).toBeDefined();
  });
});

describe("the cookie", () => {
  it("is for this host and TLS alone where TLS is", () => {
    expect(sessionCookie("x", true, 60)).toBe(
      "__Host-contact-relay=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure",
    );
    expect(sessionCookie("x", false, 60)).toBe(
      "contact-relay=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict",
    );
  });

  it("is found among others, that of TLS first", () => {
    expect(cookiesIn("a=b; contact-relay=plain; __Host-contact-relay=secure")).toEqual(["secure", "plain"]);
    expect(cookiesIn("xcontact-relay=no")).toEqual([]);
    expect(cookiesIn(undefined)).toEqual([]);
  });
});
