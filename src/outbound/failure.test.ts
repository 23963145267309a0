import { expect, it } from "vitest";
import { failureOf, ProxyFailure } from "./failure.ts";

const coded = (code: string) => Object.assign(new Error("words"), { code });

it.each([
  ["a lost name", new TypeError("fetch failed", { cause: coded("ENOTFOUND") }), "network", "ENOTFOUND"],
  [
    "a slow handshake",
    new TypeError("fetch failed", { cause: coded("UND_ERR_CONNECT_TIMEOUT") }),
    "timeout",
    "UND_ERR_CONNECT_TIMEOUT",
  ],
  ["a dead route", new TypeError("fetch failed", { cause: coded("ETIMEDOUT") }), "timeout", "ETIMEDOUT"],
  [
    "several addresses, all refused",
    new TypeError("fetch failed", {
      cause: new AggregateError([coded("ECONNREFUSED"), coded("EHOSTUNREACH")]),
    }),
    "network",
    "ECONNREFUSED",
  ],
  [
    "a certificate",
    new TypeError("fetch failed", { cause: coded("CERT_HAS_EXPIRED") }),
    "network",
    "CERT_HAS_EXPIRED",
  ],
  [
    "a cause without a code",
    new TypeError("fetch failed", { cause: new Error("bad port") }),
    "network",
    "bad port",
  ],
  ["a broken connection", coded("UND_ERR_SOCKET"), "network", "UND_ERR_SOCKET"],
  ["a lost proxy", new ProxyFailure(coded("ENOTFOUND")), "network", "proxy: ENOTFOUND"],
  [
    "a proxy that does not answer",
    new ProxyFailure(coded("UND_ERR_HEADERS_TIMEOUT")),
    "timeout",
    "proxy: UND_ERR_HEADERS_TIMEOUT",
  ],
  ["a cause without words", new TypeError("fetch failed", { cause: new Error("") }), "network", "no answer"],
] as const)("%s is told by its code", (_name, error, reason, message) => {
  expect(failureOf(error)).toEqual({ reason, message });
});

it("whatever is thrown is a failure of the network that quotes nothing", () => {
  for (const thrown of [
    undefined,
    null,
    "s3cret",
    5,
    {},
    new TypeError("Bearer s3cret is invalid"),
    new AggregateError([]),
  ]) {
    const failure = failureOf(thrown);
    expect(failure.reason).toBe("network");
    expect(failure.message).not.toContain("s3cret");
  }
});
