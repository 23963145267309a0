import { expect, it } from "vitest";
import type { Io } from "./io.ts";
import { send } from "./send.ts";

it("a credential that can prove and not sign is told of, and nothing is posted", async () => {
  const publicKey = "whpk_JmF9tidsueRx8p8Hy0EUu1pQ6ldy3X2qiO1DYACuYHM=";
  const shown = { out: "", err: "" };
  const io: Io = {
    env: { STANDARD_WEBHOOKS_WEBHOOK_SECRET: publicKey },
    out: (text) => void (shown.out += text),
    err: (text) => void (shown.err += text),
    color: false,
    stopRequested: new Promise(() => {}),
  };
  const url = "http://relay.invalid";
  const command = {
    source: "standard-webhooks",
    url,
    list: false,
    headers: [],
    file: undefined,
    json: false,
  };
  expect(await send(command, io)).toBe(1);
  expect(shown.out).toBe("");
  expect(shown.err).toBe(
    'cannot send to source "standard-webhooks":\n' +
      "  - a public key (whpk_…) proves events and cannot sign them; the private key is whsk_…\n",
  );
});
