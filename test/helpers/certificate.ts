import { generateKeyPairSync, sign, type KeyObject } from "node:crypto";

/** A self-signed certificate (X.509) with its key: of a server, or of a sender that signs. */
export interface Certificate {
  readonly pem: string;
  readonly privateKey: KeyObject;
}

interface Options {
  readonly hosts: readonly string[];
  readonly from: number;
  readonly to: number;
}

/** As openssl makes one: no test needs a key that lies about. */
export function makeCertificate({ hosts, from, to }: Options): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const commonName = hosts[0] ?? "nobody";
  const name = sequence(der(0x31, sequence(objectId("550403"), der(0x0c, Buffer.from(commonName)))));
  const algorithm = sequence(objectId("2a864886f70d01010b"), der(0x05));
  const alternatives = sequence(...hosts.map((host) => der(0x82, Buffer.from(host))));
  const extensions = sequence(
    sequence(objectId("551d11"), der(0x04, alternatives)),
    sequence(
      objectId("551d13"),
      der(0x01, Buffer.from([0xff])),
      der(0x04, sequence(der(0x01, Buffer.from([0xff])))),
    ),
  );
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(from), time(to)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("RSA-SHA256", body, privateKey);
  const whole = sequence(body, algorithm, der(0x03, Buffer.from([0]), signature));
  const lines = whole.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    pem: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    privateKey,
  };
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function objectId(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

/** Of a year from 1950 to 2049. */
function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replaceAll(/[-:T]|\.\d+/g, "");
  return der(0x17, Buffer.from(digits.slice(2)));
}
