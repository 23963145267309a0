import { verify as verifySignature, X509Certificate } from "node:crypto";
import { timeOf } from "../body.ts";
import type { Attested, Credentials, InboundRequest, Published } from "../provider.ts";
import { toleranceMs } from "../signature.ts";
import { certificateAddress } from "./address.ts";
import { readEnvelope, signedText } from "./envelope.ts";

/** By the version of the signature. */
const algorithms: ReadonlyMap<string, string> = new Map([
  ["1", "RSA-SHA1"],
  ["2", "RSA-SHA256"],
]);
/** SNS repeats a delivery for an hour at most. */
const messageAgeMsMax = 86_400_000;
/** Looked at anew long before a kept one is too old to stand in while SNS cannot be asked. */
const certificateAgeMsMax = 21_600_000;

/** Whether SNS has signed the message (versions 1 and 2), and its topic is one of those that may send. */
export async function prove(
  { body }: InboundRequest,
  { topics = [] }: Credentials,
  now: number,
  published: Published,
): Promise<Attested> {
  const envelope = readEnvelope(body);
  if (!envelope) return refused("neither a key nor a message that is signed by SNS");
  if (!topics.includes(envelope.topic)) return refused("a message of another topic");
  const algorithm = algorithms.get(envelope.signatureVersion);
  if (algorithm === undefined) return refused("a signature of an unknown version");
  const signed = signedText(envelope);
  if (signed === undefined) return refused("a message that SNS cannot have signed so");
  const sentAt = timeOf(envelope.timestamp);
  if (sentAt === undefined || now - sentAt > messageAgeMsMax)
    return refused("a message of more than a day ago");
  if (sentAt - now > toleranceMs) return refused("a message of more than 300 s ahead");
  const address = certificateAddress(envelope.certificateUrl);
  if (!address) return refused("a certificate that is not at SNS");
  const answer = await published.read(address, certificateAgeMsMax);
  if (!answer.ok) return undecided(`the certificate of SNS: ${answer.message}`);
  const certificate = readCertificate(answer.text);
  if (!certificate) return undecided(`${address.host} answered no certificate`);
  if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) {
    return refused("a certificate that is not valid now");
  }
  const signature = Buffer.from(envelope.signature, "base64");
  const { publicKey } = certificate;
  return publicKey.asymmetricKeyType === "rsa" &&
    verifySignature(algorithm, Buffer.from(signed), publicKey, signature)
    ? { kind: "proven" }
    : refused("the message's signature is wrong");
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function refused(reason: string): Attested {
  return { kind: "refused", reason };
}

function undecided(reason: string): Attested {
  return { kind: "undecided", reason };
}
