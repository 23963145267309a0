import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Completion, LookupAnswer } from "../provider.ts";
import { metaLeadAds } from "./index.ts";

const token = "EAAB-token-of-the-page";
const notification = { leadgen_id: "1760342985011723", form_id: "893217740211845", entry_time: 1 };
const lead = {
  id: "1760342985011723",
  created_time: "2026-01-05T10:00:00+0000",
  field_data: [{ name: "email", values: ["a@example.com"] }],
};
const second = 1_000;
const minute = 60 * second;

interface Asked {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

function answered(status: number, body: unknown, headers: Record<string, string> = {}): LookupAnswer {
  return { kind: "answer", status, headers, text: typeof body === "string" ? body : JSON.stringify(body) };
}

function refusal(code: unknown, more: object = {}, status = 400, headers: Record<string, string> = {}) {
  const message = `Error validating access token: ${token} has expired`;
  return answered(status, { error: { message, type: "OAuthException", code, ...more } }, headers);
}

/** Asks a stand-in for the Graph API that gives these answers, the last one again and again. */
async function completing(
  answers: readonly LookupAnswer[],
  given: { payload?: unknown; apiUrl?: string } = {},
) {
  const asked: Asked[] = [];
  const { payload = notification, apiUrl } = given;
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const completion = await metaLeadAds.complete?.(
    { type: "leadgen", attributes: {}, payload: text },
    {
      accessToken: token,
      apiUrl,
      get: (url, headers) => {
        const answer = answers[Math.min(asked.length, answers.length - 1)];
        asked.push({ url: url.href, headers });
        return Promise.resolve(answer ?? { kind: "unreachable", message: "no answer is left" });
      },
    },
  );
  if (!completion) throw new Error("nothing completes");
  return { completion, asked };
}

async function outcome(answer: LookupAnswer): Promise<Completion> {
  const { completion } = await completing([answer]);
  if (completion.kind !== "complete") expect(completion.message).not.toContain(token);
  return completion;
}

describe("what is not asked for", () => {
  it.each([["{"], [[]], [{ form_id: "1" }], [{ leadgen_id: "../me" }], [{ leadgen_id: "1/accounts" }]])(
    "%j names no lead: failed, without a request",
    async (payload) => {
      const { completion, asked } = await completing([answered(200, lead)], { payload });
      expect(completion.kind).toBe("failed");
      expect(asked).toEqual([]);
    },
  );

  it("a lead that has its fields already is complete as it is", async () => {
    const payload = JSON.stringify({ ...notification, lead });
    const { completion, asked } = await completing([refusal(190)], { payload });
    expect(completion).toEqual({ kind: "complete", payload });
    expect(asked).toEqual([]);
  });

  it("the lead of the dashboard's Test button does not exist, and is left as it is", async () => {
    const payload = JSON.stringify({ leadgen_id: "444444444444" });
    const { completion, asked } = await completing([refusal(100, { error_subcode: 33 })], { payload });
    expect(completion).toEqual({ kind: "complete", payload });
    expect(asked).toEqual([]);
  });

  it("an api_url that is none fails with its name", async () => {
    const { completion, asked } = await completing([answered(200, lead)], { apiUrl: "graph" });
    expect(completion).toMatchObject({ kind: "failed", message: expect.stringContaining("api_url") });
    expect(asked).toEqual([]);
  });
});

describe("what has to wait", () => {
  it.each([4, 17, 32, 341, 368, 613, 80_000, 80_005, 80_014])("rate limit %i", async (code) => {
    expect(await outcome(refusal(code))).toMatchObject({ kind: "later", delayMs: 5 * minute });
    expect(await outcome(refusal(code, {}, 403))).toMatchObject({ kind: "later" });
  });

  it("HTTP 429, whatever its body", async () => {
    for (const body of ["", "<html>", "{}", { error: { code: 190 } }]) {
      const completion = await outcome(answered(429, body));
      expect(completion).toMatchObject({ kind: "later", delayMs: 5 * minute });
    }
  });

  it("as long as Meta says, by the longest of its hints, in minutes", async () => {
    const usage = {
      "104417862233901": [
        { type: "pages", call_count: 100, estimated_time_to_regain_access: 0 },
        { type: "leadgen", call_count: 100, estimated_time_to_regain_access: 19 },
      ],
      "7": [{ type: "leadgen", estimated_time_to_regain_access: 7 }],
    };
    const business = { "x-business-use-case-usage": JSON.stringify(usage) };
    expect(await outcome(refusal(80_005, {}, 400, business))).toMatchObject({ delayMs: 19 * minute });
    const app = { ...business, "x-app-usage": '{"call_count":100,"estimated_time_to_regain_access":28}' };
    expect(await outcome(refusal(4, {}, 400, app))).toMatchObject({ delayMs: 28 * minute });
  });

  it.each([
    ["{", 5 * minute],
    ["[]", 5 * minute],
    ['{"1":[{"estimated_time_to_regain_access":"9"}]}', 5 * minute],
    ['{"1":[{"estimated_time_to_regain_access":-9}]}', 5 * minute],
    ['{"1":[null,1,{"estimated_time_to_regain_access":1e300}]}', 24 * 60 * minute],
    ['{"1":[{"estimated_time_to_regain_access":0.01}]}', minute],
  ])("a hint of %s makes it neither forever nor at once", async (header, delayMs) => {
    const headers = { "x-business-use-case-usage": header };
    expect(await outcome(refusal(80_005, {}, 400, headers))).toMatchObject({ kind: "later", delayMs });
  });

  it.each([
    ["an unknown error", refusal(1)],
    ["a service that is down", refusal(2, {}, 503)],
    ["what Meta calls transient", refusal(1_234, { is_transient: true })],
    [
      "what Meta calls transient, of a lead that is not found",
      refusal(100, { error_subcode: 33, is_transient: true }),
    ],
    ["an unknown code of a server in trouble", refusal(99, {}, 500)],
    ["a gateway's page", answered(502, "<html>Bad Gateway</html>")],
    ["an unreachable server", { kind: "unreachable", message: "connection refused" } as const],
  ])("%s", async (_name, answer) => {
    expect(await outcome(answer)).toMatchObject({ kind: "later", delayMs: 30 * second });
  });

  it.each([
    ["no JSON", answered(200, "<html>")],
    ["an empty answer", answered(200, "")],
    ["a list", answered(200, [])],
    ["an error without a code", refusal("190", {}, 401)],
    ["an error that is a text", answered(200, { error: "x" })],
    ["a redirect", answered(302, "")],
    ["a page that is not found, by something in between", answered(404, "Not Found")],
    ["a lead with another status than 200", answered(203, lead)],
  ])("%s is an answer that cannot be read", async (_name, answer) => {
    expect(await outcome(answer)).toMatchObject({ kind: "later", delayMs: 5 * minute });
  });

  it("an answer too deep to be kept", async () => {
    const deep = `${"[".repeat(62)}${"]".repeat(62)}`;
    const text = `{"field_data":[],"deep":${deep}}`;
    expect(await outcome(answered(200, text))).toMatchObject({ kind: "complete" });
    const deeper = `{"field_data":[],"deep":[${deep}]}`;
    expect(await outcome(answered(200, deeper))).toMatchObject({ kind: "later", delayMs: 5 * minute });
  });
});

describe("an answer that every other lead would get too is one for everybody", () => {
  it.each([
    ["a rate limit", refusal(4)],
    ["HTTP 429", answered(429, "")],
    ["a token that has expired", refusal(190, {}, 401)],
    ["an unreachable server", { kind: "unreachable", message: "no answer in time" } as const],
    ["a gateway's page", answered(502, "<html>Bad Gateway</html>")],
  ])("%s", async (_name, answer) => {
    expect(await outcome(answer)).toMatchObject({ kind: "later", everybody: true });
  });

  it.each([
    ["a permission that is missing", refusal(10, {}, 403)],
    ["an error in this request", refusal(1)],
    ["an answer that cannot be read", answered(200, "<html>")],
    [
      "an answer that is too large",
      { kind: "too-large", message: "an answer of more than 5 bytes" } as const,
    ],
  ])("and %s is not", async (_name, answer) => {
    const completion = await outcome(answer);
    expect(completion).toMatchObject({ kind: "later" });
    expect(completion).not.toHaveProperty("everybody");
  });
});

describe("what waits until somebody acts", () => {
  it.each([
    [190, 463],
    [190, undefined],
    [102, undefined],
  ])("a token that has expired (%i, %s) loses no lead, and is named to be renewed", async (code, subcode) => {
    const completion = await outcome(refusal(code, { error_subcode: subcode }, 401));
    expect(completion).toMatchObject({ kind: "later", delayMs: 15 * minute });
    if (completion.kind !== "later") return;
    expect(completion.message).toContain("META_LEAD_ADS_ACCESS_TOKEN");
    expect(completion.message).toContain(`code ${code}`);
    if (subcode !== undefined) expect(completion.message).toContain(`subcode ${subcode}`);
  });

  it.each([3, 10, 200, 283, 299])("a permission that is missing (%i), and is named", async (code) => {
    const completion = await outcome(refusal(code, {}, 403));
    expect(completion).toMatchObject({ kind: "later", delayMs: 15 * minute });
    expect(completion).toMatchObject({ message: expect.stringContaining("leads_retrieval") });
  });

  it("a lead that is answered without its fields", async () => {
    expect(await outcome(answered(200, { id: "1" }))).toMatchObject({ kind: "later", delayMs: 15 * minute });
  });
});

describe("what can never be fetched", () => {
  it.each([
    ["a lead that is gone", refusal(100, { error_subcode: 33 })],
    ["a lead that is gone, as older versions say", refusal(33)],
    ["a request that Meta does not take", refusal(100)],
    ["a code that nobody knows", refusal(9_999, {}, 403)],
  ])("%s is failed", async (_name, answer) => {
    expect((await outcome(answer)).kind).toBe("failed");
  });
});

describe("a lead that is fetched", () => {
  it("is asked for at Meta's documented place, with the token in a header and not in the address", async () => {
    const { asked } = await completing([answered(200, lead)]);
    expect(asked).toEqual([
      {
        url:
          "https://graph.facebook.com/v23.0/1760342985011723" +
          "?fields=id,created_time,form_id,ad_id,campaign_id,is_organic,platform,field_data",
        headers: { accept: "application/json", authorization: `Bearer ${token}` },
      },
    ]);
  });

  it.each(["http://127.0.0.1:9/v99.0", "http://127.0.0.1:9/v99.0/"])("is asked for at %s", async (apiUrl) => {
    const { asked } = await completing([answered(200, lead)], { apiUrl });
    expect(asked[0]?.url).toMatch(/^http:\/\/127\.0\.0\.1:9\/v99\.0\/1760342985011723\?fields=/);
  });

  it("an id beyond what a double holds is asked for exactly", async () => {
    const { asked } = await completing([answered(200, lead)], { payload: '{"leadgen_id":9007199254740993}' });
    expect(new URL(asked[0]?.url ?? "").pathname).toBe("/v23.0/9007199254740993");
  });

  it("joins the notification as `lead`, with every digit of its ids", async () => {
    const text = '{"id":9007199254740993,"field_data":[{"name":"email","values":["a@example.com"]}]}';
    const { completion } = await completing([answered(200, text)]);
    if (completion.kind !== "complete") throw new Error(completion.message);
    expect(JSON.parse(completion.payload)).toEqual({
      ...notification,
      lead: { id: "9007199254740993", field_data: lead.field_data },
    });
    expect(metaLeadAds.map({ type: "leadgen", attributes: {}, payload: completion.payload })).toMatchObject({
      kind: "contact",
      candidates: { email: [{ value: "a@example.com" }] },
    });
  });

  it("comes without the ad where the token may not read ads", async () => {
    const { completion, asked } = await completing([refusal(200, {}, 403), answered(200, lead)]);
    expect(completion.kind).toBe("complete");
    expect(asked.map(({ url }) => new URL(url).searchParams.get("fields"))).toEqual([
      "id,created_time,form_id,ad_id,campaign_id,is_organic,platform,field_data",
      "id,created_time,form_id,field_data",
    ]);
  });

  it("is asked for no third time", async () => {
    const { completion, asked } = await completing([refusal(200, {}, 403)]);
    expect(completion.kind).toBe("later");
    expect(asked).toHaveLength(2);
  });
});

it("no answer makes it reject, wait for nothing, or tell the token", async () => {
  const anyError = fc.record({
    error: fc.record({
      message: fc.constant(token),
      code: fc.oneof(fc.integer({ min: -10, max: 90_000 }), fc.double(), fc.string()),
      error_subcode: fc.oneof(fc.integer(), fc.constant(token)),
      is_transient: fc.boolean(),
    }),
  });
  const anyText = fc.oneof(
    fc.json(),
    fc.string(),
    anyError.map((error) => JSON.stringify(error)),
  );
  const anyStatus = fc.integer({ min: 100, max: 599 });
  await fc.assert(
    fc.asyncProperty(anyStatus, anyText, fc.json(), async (status, text, usage) => {
      const headers = { "x-app-usage": usage, "x-business-use-case-usage": usage };
      const { completion } = await completing([answered(status, text, headers)]);
      if (completion.kind === "complete") return;
      expect(completion.message).not.toContain(token);
      if (completion.kind !== "later") return;
      expect(completion.delayMs).toBeGreaterThanOrEqual(30 * second);
      expect(completion.delayMs).toBeLessThanOrEqual(24 * 60 * minute);
    }),
    { numRuns: 500 },
  );
});
