import { createDryRelay } from "../../src/commands/dry-relay.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { providers } from "../../src/providers/registry.ts";
import { sourcesFromYaml } from "../../src/sources/load.ts";
import type { Source } from "../../src/sources/source.ts";

export const credential = "whsec_cmVsYXktZnV6ei1jcmVkZW50aWFsLTAw";
export const publicUrl = "https://relay.example.com";
export const now = Date.UTC(2026, 2, 14, 9, 30);
/** Low, so that bodies beyond it are met too. */
export const bodyLimitBytes = 300_000;

/** Expressions that meet whatever is sent, under names that payloads use. */
const map = {
  id: "id",
  firstName: "name",
  phone: { value: "$string(phone)", region: "SG" },
  custom_fields: {
    Everything: "$string($)",
    Type: "$event.type & $event.attributes.page",
    "First answer": "$keys(answers)[0]",
    Birthday: { value: "answers.*[0]", type: "date", clear: true },
    Total: { value: "$number(total_price)", type: "number" },
    Address: { value: "**.email[0]", type: "email" },
    Consent: { value: "consent", type: "checkbox" },
  },
};
const browsers = {
  redirect: "https://example.com/thanks",
  cors: ["https://example.com"],
  honeypot: "_gotcha",
};
const settingValues = { publicUrl: { public_url: publicUrl }, verifyToken: { verify_token: "fuzz" } };

function configured({ name, proof, settings = [], answers, mapping }: Provider) {
  const proven = {
    provider: name,
    [proof === "secrets" ? "secret" : "key"]: credential,
    ...(settings.includes("publicUrl") ? settingValues.publicUrl : {}),
    ...(settings.includes("verifyToken") ? settingValues.verifyToken : {}),
  };
  const forBrowsers = answers === "form" ? browsers : {};
  const mapped = { ...proven, ...forBrowsers, region: "MY", identify: ["email", "phone", "id"], map };
  if (mapping === "never") return { [name]: proven };
  const plain = mapping === "none" ? { ...proven, map: { email: "email" } } : proven;
  return { [name]: plain, [`${name}-mapped`]: mapped };
}

function configuredSources(): readonly Source[] {
  // JSON is YAML.
  const text = JSON.stringify({ sources: Object.assign({}, ...providers.map(configured)) as object });
  const read = sourcesFromYaml(text, "fuzz.yaml", {}, providers);
  if (!read.ok) throw new Error(read.problems.join("\n"));
  return read.sources;
}

export const sources = configuredSources();

/** Every provider as a source by its own mapping, and as one with expressions. */
export function startDryRelay() {
  return createDryRelay(sources, () => now, bodyLimitBytes);
}
