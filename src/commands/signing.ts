import type { OutboundRequest, Provider } from "../providers/provider.ts";

type Signing = { ok: true; signed: OutboundRequest } | { ok: false; message: string };

/** Signs with the first proof that can: a public key cannot. The message is for the operator. */
export function signedByFirst(
  proofs: readonly string[],
  sign: (proof: string) => ReturnType<Provider["sign"]>,
): Signing {
  let message = "it has no secret or key to prove the event with";
  for (const proof of proofs) {
    try {
      return { ok: true, signed: sign(proof) };
    } catch (error) {
      message = error instanceof Error ? error.message : String(error);
    }
  }
  return { ok: false, message };
}

/** Where a signed request goes: the address, and what the sender puts behind it. */
export function addressOf(address: string, { query }: Pick<OutboundRequest, "query">): string {
  const search = new URLSearchParams(query).toString();
  return search === "" ? address : `${address}?${search}`;
}
