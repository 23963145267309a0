import { describe, expect, test } from "vitest";
import { fakeProviders } from "./fixtures/providers.ts";
import { sourcesFromYaml } from "./load.ts";
import type { Source } from "./source.ts";

const env = { SECRET: "s3cret", OLD: "old", KEY: "k3y", EMPTY: "", BLANK: " ", TRICKY: "a: [b, 'c' # d\n}" };

function problemsOf(text: string, fileName = "sources.yaml"): readonly string[] {
  const result = sourcesFromYaml(text, fileName, env, fakeProviders);
  return result.ok ? [] : result.problems;
}

function sourcesOf(text: string): readonly Source[] {
  const result = sourcesFromYaml(text, "sources.yaml", env, fakeProviders);
  if (!result.ok) throw new Error(result.problems.join("\n"));
  return result.sources;
}

/** One shop with these lines more. */
function shopWith(lines: string): string {
  return `sources:\n  shop:\n    provider: shopify\n    secret: s\n    ${lines.replaceAll("\n", "\n    ")}\n`;
}

const allMistakes = `
defaults:
  region: XX
  identify: [phoen, email, email]
  regoin: MY
sources:
  shop:
    provider: shopfy
    secrets: ["\${SECRET}", "\${MISSING_SECRET}", "\${EMPTY}"]
    colour: red
  shop:
    provider: form
    key: k
  -bad name:
    provider: form
    secret: s
    cors: ["https://example.com/", "*", https://ok.example]
    redirect: /thanks
    honeypot: ""
  pay:
    provider: shopify
    key: k
    cors: [https://example.com]
    honeypot: _gotcha
    events: ["", " orders/*"]
    region: 60
  nothing:
    provider: standard-webhooks
    secrets: []
  stream:
    provider: cloudevents
    key: 12345
    consume: { redis: "http://user:hunter2@bus", stream: crm, start: last }
    map:
      first_name: a
      firstName: { value: a, clear: true }
      lastName: { value: a, region: SG }
      email: { value: a, type: email }
      phone: { value: a, region: Singapore, clear: maybe }
      language: a +
      countryCode: { clear: true }
      id: user.id
      custom_fields:
        Order total: { value: $nubmer(total), type: number }
        Born: { value: dob, type: dat }
        Plan: { value: plan, type: list }
        Size: { value: size, options: [s, m, s] }
        Shape: { value: shape, type: list, options: [] }
        Gone: null
        "": a
  "no one": text
`;

const allProblems = [
  '3:11 defaults.region: "XX" is no country of phone numbers: two letters are expected, as in MY',
  '4:14 defaults.identify[0]: "phoen" does not name a contact: phone, email, id do; did you mean "phone"?',
  '4:28 defaults.identify[2]: "email" is named twice',
  '5:3 defaults.regoin: is not known here; did you mean "region"?',
  '8:15 sources.shop.provider: "shopfy" is no provider; did you mean "shopify"? (there are: shopify, form, cloudevents, standard-webhooks)',
  "9:28 sources.shop.secrets[1]: needs the environment variable MISSING_SECRET, which is not set",
  "9:49 sources.shop.secrets[2]: is empty (from ${EMPTY})",
  "10:5 sources.shop.colour: is not known here",
  "11:3 sources.shop: is named twice",
  '14:3 sources."-bad name": is no name of a source: letters, digits, - and _, at most 63, as it stands in the URL',
  '14:3 sources."-bad name": needs `key` or `keys`: form cannot sign, it sends a shared key',
  '16:5 sources."-bad name".secret: is not used: form cannot sign, it sends a shared key; give `key`',
  '17:12 sources."-bad name".cors[0]: must be an origin; write https://example.com',
  '17:36 sources."-bad name".cors[1]: must be an origin, as in https://example.com',
  '18:15 sources."-bad name".redirect: must be an absolute http or https URL, as in https://example.com/thanks',
  '19:15 sources."-bad name".honeypot: is empty',
  "20:3 sources.pay: needs `secret` or `secrets`: shopify signs its requests",
  "22:5 sources.pay.key: is not used: shopify signs its requests; give `secret`",
  "23:5 sources.pay.cors: is for browser forms; shopify does not come from one",
  "24:5 sources.pay.honeypot: is for browser forms; shopify does not come from one",
  "25:14 sources.pay.events[0]: is empty",
  "25:18 sources.pay.events[1]: is no pattern of event types: it begins or ends with a space, or has a line break",
  "26:13 sources.pay.region: must be a text: put it in quotes",
  "27:3 sources.nothing: needs a `map`: standard-webhooks does not say what its payloads hold",
  "29:14 sources.nothing.secrets: is an empty list",
  "32:10 sources.stream.key: must be a text: put it in quotes",
  "33:23 sources.stream.consume.redis: must be a URL that starts with redis://, rediss://, redis+sentinel://, rediss+sentinel://, redis+cluster:// or rediss+cluster://",
  '33:70 sources.stream.consume.start: "last" is no start (first, new)',
  '35:7 sources.stream.map.first_name: is not known here; did you mean "firstName"?',
  "36:37 sources.stream.map.firstName.clear: firstName can never be cleared",
  "37:29 sources.stream.map.lastName.region: is not for the field lastName",
  "38:26 sources.stream.map.email.type: is not for the field email",
  '39:34 sources.stream.map.phone.region: "Singapore" is no country of phone numbers: two letters are expected, as in MY',
  "39:52 sources.stream.map.phone.clear: must be true or false",
  "40:17 sources.stream.map.language: Unexpected end of expression (at character 3 of the expression)",
  "41:20 sources.stream.map.countryCode: needs a `value`: a JSONata expression",
  "42:7 sources.stream.map.id: is never used: `identify` (email) does not name it",
  '44:31 sources.stream.map.custom_fields."Order total".value: there is no function or variable $nubmer; did you mean $number? (at character 1 of the expression)',
  '45:35 sources.stream.map.custom_fields.Born.type: "dat" is no type of a custom field (text, number, email, url, list, date, time, checkbox); did you mean "date"?',
  "46:9 sources.stream.map.custom_fields.Plan: is a list without `options`: name the options the workspace has",
  "47:30 sources.stream.map.custom_fields.Size.options: is only for `type: list`",
  "47:46 sources.stream.map.custom_fields.Size.options[2]: is named twice",
  "48:53 sources.stream.map.custom_fields.Shape.options: is an empty list",
  "49:15 sources.stream.map.custom_fields.Gone: is empty",
  '50:9 sources.stream.map.custom_fields."": is no name of a custom field',
  '51:13 sources."no one": must be a mapping of `name: value`',
  '51:3 sources."no one": is no name of a source: letters, digits, - and _, at most 63, as it stands in the URL',
];

test("all mistakes of a file are named at once, each with its line, column and path", () => {
  const problems = problemsOf(allMistakes);
  expect(new Set(problems)).toEqual(new Set(allProblems.map((problem) => `sources.yaml:${problem}`)));
  expect(problems).toHaveLength(allProblems.length);
});

test("mistakes are named in the order of the file", () => {
  const places = problemsOf(allMistakes).map((problem) => {
    const [, line = "", column = ""] = /^sources\.yaml:(\d+):(\d+) /.exec(problem) ?? [];
    return Number(line) * 1_000 + Number(column);
  });
  expect(places).toEqual([...places].sort((a, b) => a - b));
});

describe("what is not YAML", () => {
  test.each([
    ["sources: [a", "sources.yaml:1:12 "],
    ["sources:\n  a: 'x\n", "sources.yaml:3:1 "],
    ["sources: &a\n  b: *c\n", "sources.yaml:2:6 there is no anchor &c"],
    ["a: 1\n---\nb: 2\n", "sources.yaml:2:1 "],
  ])("%j", (text, start) => {
    expect(problemsOf(text)[0]).toContain(start);
  });

  test("a secret on a broken line is not repeated", () => {
    const problems = problemsOf('sources:\n  shop:\n    secret: "hunter2\n    key: [hunter2\n');
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join("\n")).not.toContain("hunter2");
  });

  test("a tag nobody knows is a mistake, not a text", () => {
    const problems = problemsOf(shopWith("honeypot: !env SECRET"));
    expect(problems).toContain("sources.yaml:5:15 Unresolved tag: !env");
  });
});

test.each([
  ["", "1:1 there are no sources: the file is empty"],
  ["# nothing yet\n", "1:1 there are no sources: the file is empty"],
  ["defaults: { region: MY }\n", "1:1 there are no sources: `sources` is missing"],
  ["sources:\n", "1:1 sources: is empty"],
  ["sources: {}\n", "1:1 sources: there are no sources: name at least one"],
  ["- a\n", "1:1 must be a mapping of `name: value`"],
  ["sources:\n  shop:\n", "2:3 sources.shop: is empty"],
  ["sources:\n  shop: {}\n", "2:9 sources.shop: needs a `provider`"],
])("a file without sources is a mistake: %j", (text, problem) => {
  expect(problemsOf(text)).toEqual([`sources.yaml:${problem}`]);
});

test.each([
  [
    "phone and e-mail are removed",
    "map: { phone: null, email: null }",
    "5:5 sources.shop.map: can never name a",
  ],
  ["only an id counts that nothing gives", "identify: [id]", "2:3 sources.shop: can never name a contact"],
  [
    "an id comes first that nothing gives",
    "identify: [id, email]",
    "5:15 sources.shop.identify: names id, but",
  ],
  ["nothing names a contact at all", "identify: []", "5:15 sources.shop.identify: is an empty list"],
])("a source that could not name its contacts is a mistake: %s", (_, lines, problem) => {
  expect(problemsOf(shopWith(lines))).toEqual([expect.stringContaining(`sources.yaml:${problem}`)]);
});

test("a provider without a mapping of its own needs one that names contacts", () => {
  const head = "sources:\n  a:\n    provider: standard-webhooks\n    secret: s\n    map: ";
  expect(problemsOf(`${head}{ firstName: name }\n`)).toEqual([
    "sources.yaml:5:5 sources.a.map: can never name a contact: nothing gives phone or email",
  ]);
  expect(problemsOf(`${head}{ email: mail }\n`)).toEqual([]);
});

describe("variables", () => {
  test("a secret may be anything, even YAML", () => {
    const [shop] = sourcesOf('sources:\n  shop:\n    provider: shopify\n    secret: "${TRICKY}"\n');
    expect(shop?.credentials).toEqual({ secrets: [env.TRICKY], keys: [] });
  });

  test("a literal ${…} can be written", () => {
    const [shop] = sourcesOf("sources:\n  shop:\n    provider: shopify\n    secret: $${SECRET}\n");
    expect(shop?.credentials.secrets).toEqual(["${SECRET}"]);
  });

  test("a missing variable is named once per place", () => {
    expect(problemsOf(shopWith('secrets: ["${NO}${NO}", "${NO}"]'))).toEqual([
      "sources.yaml:5:15 sources.shop.secrets[0]: needs the environment variable NO, which is not set",
      "sources.yaml:5:29 sources.shop.secrets[1]: needs the environment variable NO, which is not set",
    ]);
  });

  test("blank is empty", () => {
    expect(problemsOf(shopWith("secrets: ${BLANK}"))).toEqual([
      "sources.yaml:5:14 sources.shop.secrets: is empty (from ${BLANK})",
    ]);
  });

  test("no problem shows what a variable holds", () => {
    const text = shopWith('redirect: "${TRICKY}"\nkey: "${SECRET}"\nevents: "${SECRET} "');
    const problems = problemsOf(text).join("\n");
    expect(problems).toContain("redirect");
    expect(problems).not.toContain(env.SECRET);
    expect(problems).not.toContain(env.TRICKY);
  });
});

describe("what a good file says", () => {
  test("credentials in either spelling, all kept", () => {
    const [a, b, c, d] = sourcesOf(`
sources:
  a: { provider: shopify, secrets: ["\${SECRET}", "\${OLD}"] }
  b: { provider: shopify, secret: one, secrets: two }
  c: { provider: form, key: "\${KEY}" }
  d: { provider: form, keys: [one, two] }
`);
    expect(a?.credentials).toEqual({ secrets: ["s3cret", "old"], keys: [] });
    expect(b?.credentials).toEqual({ secrets: ["one", "two"], keys: [] });
    expect(c?.credentials).toEqual({ secrets: [], keys: ["k3y"] });
    expect(d?.credentials).toEqual({ secrets: [], keys: ["one", "two"] });
  });

  test("defaults hold where a source does not say otherwise", () => {
    const [a, b] = sourcesOf(`
defaults: { identify: email, events: [orders/*] }
sources:
  a: { provider: shopify, secret: s }
  b: { provider: shopify, secret: s, identify: [phone], events: customers/* }
`);
    expect([a?.identify, b?.identify]).toEqual([["email"], ["phone"]]);
    expect([a?.selects("orders/create"), a?.selects("customers/create")]).toEqual([true, false]);
    expect([b?.selects("orders/create"), b?.selects("customers/create")]).toEqual([false, true]);
  });

  test("without events all are selected; without identify phone, then e-mail", () => {
    const [shop] = sourcesOf(shopWith(""));
    expect(shop?.selects("anything")).toBe(true);
    expect(shop?.identify).toEqual(["phone", "email"]);
  });

  test("what a browser form needs", () => {
    const [form] = sourcesOf(`
sources:
  form:
    provider: form
    key: k
    redirect: https://example.com/thanks?a=b
    cors: [https://example.com, "http://localhost:5173"]
    honeypot: _gotcha
`);
    expect(form?.redirect).toBe("https://example.com/thanks?a=b");
    expect(form?.cors).toEqual(["https://example.com", "http://localhost:5173"]);
    expect(form?.honeypot).toBe("_gotcha");
  });

  test.each([String.raw`a\0b`, String.raw`a\nb`, String.raw`a\x7fb`, " "])(
    "a custom field whose name no engine or API could keep is refused: %s",
    (name) => {
      const problems = problemsOf(shopWith(`map: { custom_fields: { "${name}": email } }`));
      expect(problems).toEqual([expect.stringContaining("is no name of a custom field")]);
    },
  );

  test("anchors are followed", () => {
    const sources = sourcesOf(`
sources:
  a: { provider: shopify, secret: &secret s, map: &map { lastName: name } }
  b: { provider: shopify, secret: *secret, map: *map }
`);
    expect(sources[1]?.credentials.secrets).toEqual(["s"]);
    expect(sources[1]?.mapText).toBe("lastName: name\n");
  });

  test("the notes tell what is served where", () => {
    const result = sourcesFromYaml(shopWith(""), "sources.yaml", env, fakeProviders);
    expect(result).toMatchObject({ ok: true, notes: ["shop is on at /webhooks/shop: shopify"] });
  });
});

describe("the priority of a source", () => {
  test("is the usual one unless it is told", () => {
    expect(sourcesOf(shopWith(""))[0]?.priority).toBe("normal");
    for (const priority of ["high", "normal", "low"]) {
      expect(sourcesOf(shopWith(`priority: ${priority}`))[0]?.priority).toBe(priority);
    }
  });

  test("is one of three words", () => {
    expect(problemsOf(shopWith("priority: norml"))).toEqual([
      'sources.yaml:5:15 sources.shop.priority: "norml" is no priority ("high", "normal", "low"); did you mean "normal"?',
    ]);
  });
});
