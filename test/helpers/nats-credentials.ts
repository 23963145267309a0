import { nkeys } from "@nats-io/transport-node";

type Key = ReturnType<typeof nkeys.createUser>;

const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

/** A claim of NATS, signed with the key of who makes it. */
function signed(issuer: Key, subject: string, name: string, nats: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { jti: name, iat: 1_700_000_000, iss: issuer.getPublicKey(), name, sub: subject };
  const head = part({ typ: "JWT", alg: "ed25519-nkey" });
  const text = `${head}.${part({ ...claims, nats: { version: 2, ...nats } })}`;
  return `${text}.${Buffer.from(issuer.sign(Buffer.from(text))).toString("base64url")}`;
}

/** An operator with one account that may use JetStream, and the credentials file of a user of it. */
export function natsOperator(): { readonly config: readonly string[]; readonly credentials: string } {
  const [operator, account, user] = [nkeys.createOperator(), nkeys.createAccount(), nkeys.createUser()];
  const system = nkeys.createAccount().getPublicKey();
  const [operatorKey, accountKey] = [operator.getPublicKey(), account.getPublicKey()];
  const free = { subs: -1, data: -1, payload: -1 };
  const storage = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };
  const limits = { ...free, ...storage, imports: -1, exports: -1, wildcards: true, conn: -1, leaf: -1 };
  const operatorClaim = signed(operator, operatorKey, "operator", { type: "operator" });
  const systemClaim = signed(operator, system, "system", {
    type: "account",
    limits: { ...limits, mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 },
  });
  const accountClaim = signed(operator, accountKey, "account", { type: "account", limits });
  const userClaim = signed(account, user.getPublicKey(), "user", { type: "user", ...free });
  return {
    config: [
      `operator: "${operatorClaim}"`,
      "resolver: MEMORY",
      `resolver_preload: { ${accountKey}: "${accountClaim}", ${system}: "${systemClaim}" }`,
      `system_account: ${system}`,
    ],
    credentials: [
      "-----BEGIN NATS USER JWT-----",
      userClaim,
      "------END NATS USER JWT------",
      "",
      "-----BEGIN USER NKEY SEED-----",
      textOf(user.getSeed()),
      "------END USER NKEY SEED------",
      "",
    ].join("\n"),
  };
}
