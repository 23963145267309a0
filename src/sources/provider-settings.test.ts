import { describe, expect, it } from "vitest";
import { fakeProvider } from "./fixtures/providers.ts";
import { builtInSources, settingVariable, sourcesFromYaml } from "./load.ts";

const signer = { ...fakeProvider("hubspot"), settings: ["publicUrl"] } as const;
const thin = {
  ...fakeProvider("meta-lead-ads"),
  settings: ["verifyToken", "accessToken", "apiUrl"],
  complete: async () => ({ kind: "failed", message: "not asked here" }) as const,
} as const;

function builtIn(env: Record<string, string>) {
  const secrets = { HUBSPOT_WEBHOOK_SECRET: "s", META_LEAD_ADS_WEBHOOK_SECRET: "s" };
  return builtInSources({ ...secrets, PUBLIC_URL: "https://hooks.example.com/", ...env }, [signer, thin]);
}

function inFile(lines: string, env: Record<string, string> = {}, provider = "hubspot") {
  const text = `sources:\n  one:\n    provider: ${provider}\n    secret: s\n${lines}`;
  return sourcesFromYaml(text, "sources.yaml", env, [signer, thin]);
}

describe("settings of a provider served under its own name", () => {
  it("come from its own variables, the public address from one for all", () => {
    expect(settingVariable(thin, "accessToken")).toBe("META_LEAD_ADS_ACCESS_TOKEN");
    expect(settingVariable(thin, "publicUrl")).toBe("PUBLIC_URL");
    const result = builtIn({
      META_LEAD_ADS_VERIFY_TOKEN: "v",
      META_LEAD_ADS_ACCESS_TOKEN: " t ",
      META_LEAD_ADS_API_URL: "http://127.0.0.1:4020/",
    });
    if (!result.ok) throw new Error(result.problems.join());
    const [hubspot, meta] = result.sources;
    expect(hubspot?.credentials.publicUrl).toBe("https://hooks.example.com");
    expect(meta?.credentials).toMatchObject({ verifyToken: "v" });
    expect(meta?.completion).toEqual({ accessToken: "t", apiUrl: "http://127.0.0.1:4020" });
  });

  it("without an access token thin events are recorded, and the boot log says so", () => {
    const result = builtIn({});
    if (!result.ok) throw new Error(result.problems.join());
    expect(result.sources[1]?.completion).toBeUndefined();
    expect(result.notes.join("\n")).toContain("not completed");
  });

  it("what is missing is named each for itself: without a verify token no subscription is confirmed", () => {
    const noteWith = (env: Record<string, string>) => {
      const result = builtIn(env);
      return result.ok ? result.notes.find((note) => note.startsWith("meta-lead-ads")) : undefined;
    };
    const verify = { META_LEAD_ADS_VERIFY_TOKEN: "v" };
    const access = { META_LEAD_ADS_ACCESS_TOKEN: "t" };
    expect(noteWith(access)).toMatch(/, but without a verify token its subscription cannot be confirmed$/);
    expect(noteWith(verify)).toMatch(/, but without an access token [^,]*, but not completed$/);
    expect(noteWith({})).toMatch(/without an access token .*, and without a verify token/);
    expect(noteWith({ ...verify, ...access })).not.toContain("but");
    const file = inFile("", {}, "meta-lead-ads");
    expect(file.ok && file.notes.join()).toContain("without a verify token");
  });

  it.each([
    ["", "PUBLIC_URL is not set"],
    ["  ", "PUBLIC_URL is not set"],
    ["hooks.example.com", "must be an http or https address"],
    ["https://hooks.example.com/?a=b", "must be an http or https address"],
    ["ftp://hooks.example.com", "must be an http or https address"],
  ])("a public address %j stops the start with a clear problem", (address, message) => {
    const result = builtIn({ PUBLIC_URL: address });
    expect(result.ok ? "" : result.problems.join()).toContain(message);
  });
});

describe("settings of a source in the file", () => {
  it("name the public address, or take the one for all", () => {
    const own = inFile("    public_url: https://own.example.com/relay/\n", { PUBLIC_URL: "https://other" });
    expect(own.ok && own.sources[0]?.credentials.publicUrl).toBe("https://own.example.com/relay");
    const shared = inFile("", { PUBLIC_URL: "https://all.example.com" });
    expect(shared.ok && shared.sources[0]?.credentials.publicUrl).toBe("https://all.example.com");
  });

  it("are told of when missing, wrong or of no use", () => {
    const told = (result: ReturnType<typeof inFile>) => (result.ok ? "" : result.problems.join("\n"));
    expect(told(inFile(""))).toContain("needs `public_url` (or the variable PUBLIC_URL)");
    expect(told(inFile("    public_url: example.com\n"))).toContain("must be an http or https address");
    expect(told(inFile("    access_token: t\n    public_url: https://a.b\n"))).toContain(
      "is not used by hubspot",
    );
    expect(told(inFile("    acces_token: t\n", {}, "meta-lead-ads"))).toContain(
      'did you mean "access_token"',
    );
  });
});
