import { describe, expect, it } from "vitest";
import { differences } from "./compare-example.ts";
import type { Expectation } from "./examples.ts";
import { fakeProviders } from "./fixtures/providers.ts";
import { sourcesFromYaml } from "./load.ts";
import type { Foretold } from "./source.ts";

function load(examples: string) {
  const text = `sources:\n  shop:\n    provider: shopify\n    secret: s\n    examples:\n${examples}`;
  return sourcesFromYaml(text, "sources.yaml", {}, fakeProviders);
}

function problems(examples: string): readonly string[] {
  const result = load(examples);
  return result.ok ? [] : result.problems;
}

describe("examples in the configuration", () => {
  it("are read with what they expect", () => {
    const result = load(`
      - name: an order
        type: orders/create
        headers: { X-Topic: a }
        payload: { email: a@example.com, total: 12.5, deep: { list: [1, null] } }
        expect:
          contact: email:a@example.com
          email: a@example.com
          lastName: null
          custom_fields: { Total: 12.5, Consent: true }
      - { name: from a file, file: order.json, expect: { ignored: no-identifier } }
      - { name: any reason, payload: '{"raw": "text"}', expect: { ignored: true } }
      - { name: erased, payload: {}, expect: { erase: ["email:a@example.com"] } }
`);
    expect(result.ok && result.sources[0]?.examples).toEqual([
      {
        name: "an order",
        type: "orders/create",
        headers: { "x-topic": "a" },
        payload: { text: '{"email":"a@example.com","total":12.5,"deep":{"list":[1,null]}}' },
        expect: {
          kind: "update",
          contact: "email:a@example.com",
          fields: {
            email: "a@example.com",
            lastName: null,
            "custom_fields.Total": 12.5,
            "custom_fields.Consent": true,
          },
        },
      },
      {
        name: "from a file",
        headers: {},
        payload: { file: "order.json" },
        expect: { kind: "ignored", reason: "no-identifier" },
      },
      {
        name: "any reason",
        headers: {},
        payload: { text: '{"raw": "text"}' },
        expect: { kind: "ignored" },
      },
      {
        name: "erased",
        headers: {},
        payload: { text: "{}" },
        expect: { kind: "erase", contacts: ["email:a@example.com"] },
      },
    ]);
  });

  it("keep every digit of an id that no double holds, in the payload and in what is expected", () => {
    const result = load(`
      - name: an id
        payload: { id: 706405506930370084, small: 5, deep: [-9007199254740993, "7"], at: 1e3 }
        expect: { custom_fields: { Id: 706405506930370084, Small: 5 } }
`);
    const [example] = (result.ok && result.sources[0]?.examples) || [];
    expect(example?.payload).toEqual({
      text: '{"id":706405506930370084,"small":5,"deep":[-9007199254740993,"7"],"at":1000}',
    });
    expect(example?.expect).toMatchObject({
      fields: { "custom_fields.Id": "706405506930370084", "custom_fields.Small": 5 },
    });
  });

  it.each([
    ["      - just a text\n", "must be a mapping"],
    ["      - { payload: {}, expect: {} }\n", "needs a `name`"],
    ["      - { name: a, payload: {} }\n", "needs an `expect`"],
    ["      - { name: a, expect: {} }\n", "needs a `payload` or a `file`"],
    ["      - { name: a, payload: {}, file: b, expect: {} }\n", "give one of the two"],
    ["      - { name: a, payload: {}, expect: [] }\n", "must be a mapping of the fields"],
    ["      - { name: a, payload: {}, expect: { frstName: A } }\n", 'did you mean "firstName"'],
    ["      - { name: a, payload: {}, expect: { ignored: x, email: y } }\n", "give one of them alone"],
    ["      - { name: a, payload: {}, expect: { email: [1] } }\n", "must be a text, a number"],
    [
      "      - { name: a, payload: {}, expect: {} }\n      - { name: a, payload: {}, expect: {} }\n",
      'two examples are named "a"',
    ],
  ])("that cannot be read stop the start: %j", (examples, message) => {
    expect(problems(examples).join("\n")).toContain(message);
  });
});

const report = { fields: [{ field: "phone", why: "'1' is not a phone number" }], unusedAnswers: [] };
const update: Foretold = {
  kind: "update",
  contact: "email:a@example.com",
  patch: { email: "a@example.com", "custom_fields.Total": 12.5 },
  warnings: [],
  report,
};
const ignored: Foretold = {
  kind: "ignored",
  reason: "no-identifier",
  warnings: [{ field: "phone", message: "'1' is not a phone number" }],
  report,
};

describe("the difference between what was expected and what came", () => {
  const fields = { email: "a@example.com", "custom_fields.Total": 12.5 };
  it.each<[string, Expectation, Foretold, string[]]>([
    ["the same", { kind: "update", contact: undefined, fields }, update, []],
    [
      "another contact",
      { kind: "update", contact: "id:1", fields },
      update,
      ["contact: expected id:1, got email:a@example.com"],
    ],
    [
      "a missing field, with its reason",
      { kind: "update", contact: undefined, fields: { ...fields, phone: "+1" } },
      update,
      [`phone: expected "+1", got nothing ('1' is not a phone number)`],
    ],
    [
      "another value, and one of another type",
      {
        kind: "update",
        contact: undefined,
        fields: { email: "b@example.com", "custom_fields.Total": "12.5" },
      },
      update,
      [
        'email: expected "b@example.com", got "a@example.com"',
        'custom_fields.Total: expected "12.5", got 12.5',
      ],
    ],
    [
      "a field too many",
      { kind: "update", contact: undefined, fields: { email: "a@example.com" } },
      update,
      ["custom_fields.Total: expected nothing, got 12.5"],
    ],
    [
      "ignored instead",
      { kind: "update", contact: undefined, fields },
      ignored,
      ["expected an update, but it is ignored as no-identifier", "phone: '1' is not a phone number"],
    ],
    ["ignored as expected", { kind: "ignored", reason: "no-identifier" }, ignored, []],
    ["ignored for any reason", { kind: "ignored", reason: undefined }, ignored, []],
    [
      "ignored for another reason",
      { kind: "ignored", reason: "ping" },
      ignored,
      ["expected to be ignored as ping, but it was as no-identifier"],
    ],
    [
      "an update instead",
      { kind: "ignored", reason: undefined },
      update,
      ["expected to be ignored, but it updates email:a@example.com"],
    ],
    [
      "others erased",
      { kind: "erase", contacts: ["id:1", "id:2"] },
      { kind: "erase", contacts: ["id:2", "id:3"], unreadable: ["phone"] },
      ["does not erase id:1", "erases id:3 too", "cannot read the phone of whom to erase"],
    ],
    [
      "failed",
      { kind: "ignored", reason: undefined },
      { kind: "failed", message: "stopped" },
      ["the mapping failed: stopped"],
    ],
    [
      "to be fetched",
      { kind: "ignored", reason: undefined },
      { kind: "later", message: "it is fetched first" },
      ["nothing can be told of it yet: it is fetched first"],
    ],
  ])("%s", (_name, expected, mapped, lines) => {
    expect(differences(expected, mapped)).toEqual(lines);
  });
});
