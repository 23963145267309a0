import { expect, it } from "vitest";
import { fakeProvider, fakeProviders, eventOf } from "./fixtures/providers.ts";
import { sourcesJsonSchema } from "./json-schema.ts";
import { sourcesFromYaml } from "./load.ts";

const workspace = fakeProvider("aelyst", {
  mapping: "never",
  map: () => ({ kind: "nothing", reason: "contact-exists", root: {} }),
});
const providers = [...fakeProviders, workspace];
const read = (more = "") =>
  sourcesFromYaml(
    `defaults: { region: MY }
sources:
  own:
    provider: aelyst
    secret: s
${more}`,
    "sources.yaml",
    {},
    providers,
  );

it("a source whose provider is never mapped needs nothing but its secret, and becomes no update", async () => {
  const sources = read();
  if (!sources.ok) throw new Error(sources.problems.join());
  expect(await sources.sources[0]?.map(eventOf({}))).toEqual({
    kind: "ignored",
    reason: "contact-exists",
    warnings: [],
    report: { fields: [], unusedAnswers: [] },
  });
});

it.each([
  ["map", "    map: { firstName: contact.firstName }"],
  ["map", "    map: {}"],
  ["when", "    when: contact.id = 7"],
  ["consume", "    consume: { redis: redis://127.0.0.1, stream: s }"],
])("`%s` would bring back what the API has: a mistake, with its place", (key, line) => {
  const sources = read(line);
  expect(sources).toMatchObject({
    ok: false,
    problems: [
      expect.stringMatching(
        new RegExp(
          `^sources.yaml:6:5 sources\\.own\\.${key}: is not used: aelyst is never mapped, it only says which contacts the API has`,
        ),
      ),
    ],
  });
});

it("`events` may choose among what it tells", () => {
  expect(read("    events: [contact.created]")).toMatchObject({ ok: true });
});

it("the JSON Schema refuses the same", () => {
  const text = JSON.stringify(sourcesJsonSchema(providers));
  const own = /"const":"aelyst".*?"then":(\{.*?\}\})/.exec(text)?.[1] ?? "";
  for (const key of ["map", "when", "consume"]) expect(own).toContain(`"${key}":false`);
  expect(own).not.toContain('"required":["consume"]');
});
