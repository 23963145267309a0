import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { coreFields } from "../../src/contact/contact-patch.ts";
import type { CandidateField, Parsed, Provider } from "../../src/providers/provider.ts";
import { providers } from "../../src/providers/registry.ts";
import { secretVariable } from "../../src/sources/load.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const fields: readonly CandidateField[] = [...coreFields, "fullName"];
const settingKeys = {
  publicUrl: "public_url",
  verifyToken: "verify_token",
  accessToken: "access_token",
  apiUrl: "api_url",
  topics: "topics",
  pubsub: "pubsub",
  bulk: "bulk",
  rawPayload: "raw_payload",
  audiences: "audience",
  serviceAccounts: "service_account",
  jwksUrl: "jwks_url",
} as const;

function parse(provider: Provider, body: string, headers: Readonly<Record<string, string>>): Parsed {
  const request = { method: "POST", query: {}, target: "/", receivedAt: 0 };
  return provider.parse({ ...request, headers, body: Buffer.from(body) });
}

/** The fields that the provider's own samples fill. */
function mappedFields(provider: Provider): CandidateField[] {
  const found = new Set<string>();
  for (const sample of provider.samples) {
    const parsed = parse(provider, sample.body, sample.headers);
    for (const event of parsed.kind === "events" ? parsed.events : []) {
      const mapping = provider.map(event);
      const candidates = mapping.kind === "contact" ? mapping.candidates : {};
      for (const [field, values] of Object.entries(candidates)) if (values.length > 0) found.add(field);
    }
  }
  return fields.filter((field) => found.has(field));
}

/** The headers of every `contact-relay map` that the page shows. */
function mapHeaders(page: string): Readonly<Record<string, string>>[] {
  const commands = [...page.replaceAll("\n", " ").matchAll(/`contact-relay map --source ([^`]*)`/g)];
  return commands.map(([, options = ""]) => {
    const headers = [...options.matchAll(/--header '([\w-]+): ([^']*)'/g)];
    const named = Object.fromEntries(headers.map(([, name = "", value = ""]) => [name.toLowerCase(), value]));
    return { "content-type": "application/json", ...named };
  });
}

/** The rows of the page's table of fields: `| firstName | … |`. */
function documentedFields(page: string): CandidateField[] {
  const rows = [...page.matchAll(/^\|\s*`(\w+)`/gm)].map(([, name]) => name);
  return fields.filter((field) => rows.includes(field));
}

describe.each(providers.map((provider) => ({ name: provider.name, provider })))(
  "the page of $name",
  ({ name, provider }) => {
    const path = `docs/providers/${name}.md`;
    const page = existsSync(root + path) ? readFileSync(root + path, "utf8") : "";

    it("says where to send, what proves the sender, and how to configure it", () => {
      expect(page, `write ${path}`).not.toBe("");
      expect(page).toContain(`/webhooks/${name}`);
      expect(page).toContain(secretVariable(provider));
      expect(page).toContain(`provider: ${name}`);
      expect(page).toMatch(provider.proof === "secrets" ? /\bsecrets?:/ : /\bkeys?:/);
      for (const setting of provider.settings ?? []) expect(page).toContain(settingKeys[setting]);
    });

    it("lists what is mapped: no more and no less than the samples show", () => {
      expect(documentedFields(page)).toEqual(mappedFields(provider));
    });

    it("shows how to try it, with a sample that exists", () => {
      const named = [...page.matchAll(/--sample ([\w-]+)/g)].map(([, sample]) => sample);
      expect(named).not.toEqual([]);
      const unknown = named.filter((sample) => !provider.samples.some((known) => known.name === sample));
      expect(unknown).toEqual([]);
      expect(page).toContain("contact-relay send");
    });

    it("shows how to map a payload, under a content type that the provider reads", () => {
      for (const headers of mapHeaders(page)) {
        const kinds = provider.samples.map(({ body }) => parse(provider, body, headers).kind);
        expect(kinds, JSON.stringify(headers)).not.toContain("unsupported");
      }
    });

    it("is short enough to be read at once", () => {
      expect(page.split("\n").length).toBeLessThan(120);
    });
  },
);
