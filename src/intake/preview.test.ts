import jsonata from "jsonata";
import { expect, it } from "vitest";
import { providers } from "../providers/registry.ts";
import { previewSource } from "../sources/load.ts";
import { parsePayload, previewPayload } from "./preview.ts";

const told = providers.flatMap((provider) =>
  provider.samples.map((sample) => ({ provider, sample, of: `${provider.name}'s ${sample.name}` })),
);

it.each(told)("every path that the preview of $of names finds a value for a map", async (given) => {
  const { body, headers, type } = given.sample;
  const source = previewSource(given.provider);
  const payload = Buffer.from(body);
  const { paths } = await previewPayload(source, payload, headers, type, 0);
  const parsed = parsePayload(source, payload, headers, type, 0);
  const [first] = parsed.kind === "events" ? parsed.events : [];
  if (!first) return expect(paths).toEqual([]);
  const { root } = given.provider.map(first);
  expect(paths).not.toEqual([]);
  for (const path of paths) expect(await jsonata(path).evaluate(root), path).not.toBeUndefined();
});

it("what stands around the place where a map begins is named by no path", async () => {
  const cloudEvents = providers.find(({ name }) => name === "cloudevents");
  if (!cloudEvents) throw new Error("there is no such provider");
  const event = {
    specversion: "1.0",
    id: "1",
    type: "lead",
    source: "/shop",
    data: { who: { mail: "a@b.example" } },
  };
  const headers = { "content-type": "application/cloudevents+json" };
  const preview = await previewPayload(
    previewSource(cloudEvents),
    Buffer.from(JSON.stringify(event)),
    headers,
    undefined,
    0,
  );
  expect(preview.paths).toEqual(["who.mail"]);
});
