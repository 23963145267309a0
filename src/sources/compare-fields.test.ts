import { describe, expect, it } from "vitest";
import { workspaceFields, type WorkspaceField } from "../contact/workspace-field.ts";
import { providers } from "../providers/registry.ts";
import { compareField, type SeenValue } from "./compare-fields.ts";
import { sourcesFromYaml } from "./load.ts";

const all: readonly WorkspaceField[] = [
  { name: "Plan", slug: "their_plan", title: "The plan", type: "list", options: ["free", "Pro"] },
  { name: "Score", type: "number" },
  { name: "Consent", type: "checkbox" },
  { name: "Birthday", type: "date" },
  { name: "Call at", type: "time" },
  { name: "Note", type: "text" },
  { name: "Work e-mail", type: "email" },
  { name: "Color", type: undefined },
];
const fields = workspaceFields(all, true);

interface Given {
  readonly seen?: readonly SeenValue[];
  readonly mends?: boolean;
  readonly fields?: typeof fields;
}

/** What is told of one entry of `custom_fields`, as it stands in a sources file. */
function told(entry: string, given: Given = {}): string[] {
  const yaml = `sources: { form: { provider: form, key: k, map: { custom_fields: { ${entry} } } } }`;
  const loaded = sourcesFromYaml(yaml, "sources.yaml", {}, providers);
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  const [rule] = loaded.sources[0]?.customFields ?? [];
  if (!rule) throw new Error("no custom field was read");
  const notes = compareField(rule, given.fields ?? fields, given.seen ?? [], given.mends ?? false);
  return notes.map(({ level, message }) => `${level}: ${message}`);
}

describe("a name", () => {
  it.each([
    ["Plann: plan", 'problem: the workspace has no custom field of this name; did you mean "Plan"?'],
    ["plan: plan", 'problem: the workspace has no custom field of this name; did you mean "Plan"?'],
    ["Shoe size: size", "problem: the workspace has no custom field of this name"],
  ])("%s", (entry, expected) => {
    expect(told(entry)).toEqual([expected]);
  });

  it.each(["slug", "title"] as const)(
    "that is the %s of a field is told, and its values are compared",
    (by) => {
      const name = by === "slug" ? "their_plan" : "The plan";
      expect(told(`${name}: '"gold"'`)).toEqual([
        `warning: is the ${by} of the workspace's field "Plan": write its name, by which the API documents it`,
        `problem: "gold" (a value of the map) would be refused: the workspace's list has no such option; it has free, Pro`,
      ]);
    },
  );

  it("is not missed where not all fields could be read", () => {
    const some = workspaceFields(all, false);
    expect(told("Shoe size: size", { fields: some })).toEqual([
      "warning: is not among the fields that could be read, which are not all",
    ]);
  });
});

describe("a type", () => {
  it.each([
    "Plan: plan",
    "Score: { value: score, type: number }",
    "Consent: { value: consent, type: checkbox }",
    "Birthday: { value: dob, type: date }",
    "Note: note",
    "Note: { value: dob, type: date }",
    "Work e-mail: email",
    "Color: { value: color, type: checkbox }",
  ])("%s: nothing is to be told", (entry) => {
    expect(told(entry)).toEqual([]);
  });

  it.each([
    ["Score: score", "a number in the workspace, and a text in the map", "number"],
    ["Consent: consent", "a checkbox in the workspace, and a text in the map", "checkbox"],
    ["Note: { value: n, type: number }", "a text in the workspace, and a number in the map", "text"],
    ["Plan: { value: n, type: checkbox }", "a list in the workspace, and a checkbox in the map", "list"],
    ["Birthday: { value: t, type: time }", "a date in the workspace, and a time in the map", "date"],
    ["Score: { value: c, type: checkbox }", "a number in the workspace, and a checkbox in the map", "number"],
  ])("%s is refused, whatever comes", (entry, what, type) => {
    expect(told(entry)).toEqual([`problem: is ${what}: every value would be refused; say \`type: ${type}\``]);
  });

  it("whose plain values are sent in the other notation is no problem then", () => {
    for (const entry of ["Score: score", "Consent: consent", "Note: { value: n, type: number }"]) {
      expect(told(entry, { mends: true })).toEqual([
        expect.stringMatching(/^warning: .*: only what is plainly one is sent as one; say `type: \w+`$/),
      ]);
    }
    expect(told("Score: { value: c, type: checkbox }", { mends: true })[0]).toMatch(/^problem/);
  });

  it.each([
    ["Birthday: dob", "yyyy-mm-dd"],
    ["Call at: at", "HH:MM"],
  ])("%s takes only texts like %s", (entry, notation) => {
    expect(told(entry)).toEqual([expect.stringContaining(`only texts like ${notation} would be taken`)]);
  });
});

describe("values that are known before they come", () => {
  it.each([
    [
      "Plan: { value: plan, type: list, options: [free, gold] }",
      'the workspace\'s list has no option "gold"; it has free, Pro',
    ],
    [
      "Plan: { value: plan, type: list, options: [fre, Pro] }",
      'no option "fre"; it has free, Pro; did you mean "free"?',
    ],
    [
      "Plan: { value: plan, type: list, options: [free, pro] }",
      'the option "pro" is "Pro" in the workspace: write it so',
    ],
    ['Plan: \'vip ? "Pro" : "basic"\'', '"basic" (a value of the map) would be refused'],
    ['Plan: \'$lookup({"1": "gold"}, plan)\'', '"gold" (a value of the map) would be refused'],
    ["Birthday: '\"01/02/2026\"'", '"01/02/2026" (a value of the map) would be refused: it is a date'],
    ["Work e-mail: '\"nobody\"'", '"nobody" (a value of the map) would be refused: it is an e-mail'],
  ])("%s", (entry, expected) => {
    expect(told(entry).filter((note) => note.startsWith("problem"))).toEqual([
      expect.stringContaining(expected),
    ]);
  });

  it("an option in another case is a warning where it is sent as the workspace has it", () => {
    const entry = "Plan: { value: plan, type: list, options: [free, pro] }";
    expect(told(entry, { mends: true })).toEqual([
      'warning: the option "pro" is "Pro" in the workspace: write it so',
    ]);
  });

  it("those of examples and samples are told once each, with what they are from", () => {
    const seen: SeenValue[] = [
      { value: "gold", from: 'the example "a"', level: "problem" },
      { value: "gold", from: "the sample b", level: "warning" },
      { value: "silver", from: "the sample b", level: "warning" },
      { value: "free", from: "the sample c", level: "warning" },
      { value: null, from: "the sample d", level: "warning" },
    ];
    expect(told("Plan: plan", { seen })).toEqual([
      expect.stringMatching(/^problem: "gold" \(the example "a"\) would be refused/),
      expect.stringMatching(/^warning: "silver" \(the sample b\) would be refused/),
    ]);
  });

  it("are not told one by one where the type is wrong anyway", () => {
    const seen: SeenValue[] = [{ value: "5", from: 'the example "a"', level: "problem" }];
    expect(told("Score: score", { seen })).toHaveLength(1);
  });
});
