import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credsAuthenticator } from "@nats-io/transport-node";
import { afterEach, describe, expect, it } from "vitest";
import { natsStream } from "../../src/bus/nats/consumer.ts";
import type { NatsSettings } from "../../src/bus/nats/settings.ts";
import { insistOnBroker } from "../helpers/engines.ts";
import { natsOperator } from "../helpers/nats-credentials.ts";
import { natsFound, runNats, type NatsServer } from "../helpers/nats-server.ts";
import { finishCommand, freePort } from "../helpers/relay-process.ts";

if (!natsFound) insistOnBroker("nats");

describe.skipIf(!natsFound)("access to NATS", () => {
  let server: NatsServer | undefined;
  afterEach(() => server?.stop());

  async function run(...how: Parameters<typeof runNats>): Promise<NatsServer> {
    server = await runNats(...how);
    await server.asOwner(async ({ api, client }) => {
      await api.streams.add({ name: "CRM", subjects: ["crm.>"] });
      await client.publish("crm.a", "{}");
    });
    return server;
  }

  const broker = (urls: string | readonly string[], more: Partial<NatsSettings> = {}) =>
    natsStream({
      urls: [urls].flat(),
      stream: "CRM",
      subjects: [],
      durable: "contact-relay",
      start: "first",
      credentials: undefined,
      ...more,
    });
  const listener = { lost: () => undefined, warned: () => undefined };

  /** As the pump does: fetched, given back, fetched again, acknowledged. */
  async function pullAll(...at: Parameters<typeof broker>): Promise<number> {
    const one = broker(...at);
    const consumer = await one.open(listener);
    try {
      await consumer.giveBack(await consumer.fetch(10));
      const messages = await consumer.fetch(10);
      await consumer.acknowledge(messages);
      await one.look();
      expect(await consumer.backlog()).toEqual({ lag: 0, pending: 0 });
      return messages.length;
    } finally {
      await consumer.close();
    }
  }

  const api = "$JS.API";
  const place = "CRM.contact-relay";
  const permitted = [
    `${api}.STREAM.INFO.CRM`,
    `${api}.CONSUMER.INFO.${place}`,
    `${api}.CONSUMER.CREATE.${place}`,
    `${api}.CONSUMER.CREATE.${place}.>`,
    `${api}.CONSUMER.MSG.NEXT.${place}`,
    `$JS.ACK.${place}.>`,
  ];
  const limited = (publish: readonly string[]) => {
    const permissions = `{ publish: [${publish.map((one) => `"${one}"`).join(", ")}], subscribe: ["_INBOX.>"] }`;
    return [
      `accounts { A { jetstream: enabled, users: [
        { user: owner, password: own }
        { user: relay, password: "p@ss", permissions: ${permissions} }
      ] } }`,
    ];
  };
  const owner = { user: "owner", pass: "own" };
  const relayAt = ({ port }: NatsServer) => `nats://relay:p%40ss@127.0.0.1:${port}`;

  it("a user and password of the address let in, others do not, and neither is ever shown", async () => {
    const { port } = await run(limited(permitted), owner);
    const wrong = broker(`nats://relay:wr0ng@127.0.0.1:${port}`);
    const error = await wrong.look().catch((reason: unknown) => String(reason));
    expect(error).toMatch(/127\.0\.0\.1:\d+: NATS refuses to let us in \(.*Authorization Violation.*\)/i);
    await expect(broker(`nats://127.0.0.1:${port}`).open(listener)).rejects.toThrow("refuses to let us in");
    expect(`${wrong.place} ${error}`).not.toMatch(/wr0ng|relay@|relay:/);
  });

  it("the permissions that the documentation names are enough, with a subject too", async () => {
    const at = relayAt(await run(limited(permitted), owner));
    expect(await broker(at).look()).toContain("is made at the first start");
    expect(await pullAll(at)).toBe(1);
    await server?.asOwner(async ({ api: owners, client }) => {
      await owners.consumers.delete("CRM", "contact-relay");
      await client.publish("crm.b", "{}");
    });
    expect(await pullAll(at, { subjects: ["crm.b"] })).toBe(1);
  });

  it("a permission that is missing is named, by check too", async () => {
    const without = (word: string) => permitted.filter((subject) => !subject.includes(word));
    const at = relayAt(await run(limited(without(".NEXT.")), owner));
    const consumer = await broker(at).open(listener);
    const reason = `NATS does not permit to publish to ${api}.CONSUMER.MSG.NEXT.${place}`;
    await expect(consumer.fetch(1)).rejects.toThrow(reason);
    await expect(consumer.backlog()).rejects.toThrow(reason);
    await consumer.close();
    await expect(broker(at).look()).rejects.toThrow(reason);
    await server?.stop();

    const unable = relayAt(await run(limited(without("$JS.ACK")), owner));
    const other = await broker(unable).open(listener);
    await expect(other.acknowledge(await other.fetch(1))).rejects.toThrow(
      `NATS does not permit to publish to $JS.ACK.${place}.`,
    );
    await other.close();
  });

  it("a token of the address lets in", async () => {
    const { port } = await run([`authorization { token: "s3cret" }`], { token: "s3cret" });
    expect(await pullAll(`nats://s3cret@127.0.0.1:${port}`)).toBe(1);
    await expect(broker(`nats://other@127.0.0.1:${port}`).look()).rejects.toThrow("refuses to let us in");
  });

  it("credentials let in, whatever a variable has left of their line ends; what is none is said to be none", async () => {
    const { config, credentials } = natsOperator();
    const authenticator = credsAuthenticator(Buffer.from(credentials));
    const { url } = await run(config, { authenticator });
    expect(await pullAll(url, { credentials: credentials.trim().replaceAll("\n", String.raw`\n`) })).toBe(1);
    await expect(broker(url).look()).rejects.toThrow("refuses to let us in");
    await expect(broker(url, { credentials: "SUAsecret" }).look()).rejects.toThrow(
      /^`credentials` is not the content of a credentials file$/,
    );
    const other = natsOperator().credentials;
    await expect(broker(url, { credentials: other }).look()).rejects.toThrow("refuses to let us in");
  });

  it("of several servers one that is there is enough, and all are named when none is", async () => {
    const { url } = await run();
    const [one, two] = [await freePort(), await freePort()];
    const away = [one, two].map((port) => `nats://ada:s3cret@127.0.0.1:${port}`);
    for (let round = 0; round < 3; round += 1) expect(await broker([...away, url]).look()).not.toBe("");
    const error = await broker(away)
      .look()
      .catch((reason: unknown) => String(reason));
    expect(error).toContain(`127.0.0.1:${one}: connection refused`);
    expect(error).toContain(`127.0.0.1:${two}: connection refused`);
    expect(error).not.toContain("s3cret");
  });

  it("TLS is insisted on by tls://, and a private authority is trusted when NODE_EXTRA_CA_CERTS names it", async () => {
    const directory = mkdtempSync(join(tmpdir(), "relay-nats-tls-"));
    try {
      const [key, certificate] = [join(directory, "server.key"), join(directory, "server.crt")];
      const subject = ["-subj", "/CN=bus", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
      const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate];
      execFileSync("openssl", [...request, ...subject], { stdio: "ignore" });
      const { port } = await run([`tls { cert_file: "${certificate}", key_file: "${key}" }`], {
        tls: { caFile: certificate, host: "127.0.0.1" } as object,
      });
      await expect(broker(`tls://127.0.0.1:${port}`).look()).rejects.toThrow("NODE_EXTRA_CA_CERTS");
      const file = join(directory, "sources.yaml");
      const consume = `{ nats: "tls://127.0.0.1:${port}", stream: CRM }`;
      writeFileSync(
        file,
        `sources: { crm: { provider: json, consume: ${consume}, map: { email: email } } }\n`,
      );
      const checked = await finishCommand(["check"], {
        AELYST_API_TOKEN: "token",
        AELYST_API_URL: "http://127.0.0.1:9/v1",
        DATA_DIR: join(directory, "data"),
        SOURCES_FILE: file,
        NODE_EXTRA_CA_CERTS: certificate,
      });
      expect(checked.out).toMatch(/^ok +bus of crm: stream CRM of NATS at 127\.0\.0\.1:\d+, .* is made at/m);
    } finally {
      rmSync(directory, { recursive: true });
    }
    await server?.stop();
    const { port } = await run();
    await expect(broker(`tls://127.0.0.1:${port}`).look()).rejects.toThrow("does not support 'tls'");
  });
});
