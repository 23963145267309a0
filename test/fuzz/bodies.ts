import * as fc from "fast-check";
import type { Provider, Sample } from "../../src/providers/provider.ts";
import { damaged, hostileTexts, mutatedJson } from "./mutations.ts";

/** A body and the content type that it claims. */
export interface Body {
  readonly contentType: string | undefined;
  readonly bytes: Buffer;
}

type Field = readonly [name: string, value: string];

/** Bodies that come close to the provider's own, closer than chance ever would. */
export function bodiesOf(provider: Provider): fc.Arbitrary<Body> {
  const near = provider.samples.map((sample) => {
    const contentType = sample.headers["content-type"] ?? "application/json";
    return damaged(nearBytes(sample, contentType)).map((bytes): Body => ({ contentType, bytes }));
  });
  const anyType = fc.option(fc.constantFrom(...contentTypes, ...(near.length > 0 ? typesOf(provider) : [])), {
    nil: undefined,
  });
  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
    fc.json({ maxDepth: 5 }).map((text) => Buffer.from(text)),
    fc.constantFrom(...hostileTexts).map((text) => Buffer.from(text)),
  );
  const any = fc.record({ contentType: anyType, bytes: anyBytes });
  const mistyped = fc
    .tuple(fc.oneof(...near), anyType)
    .map(([{ bytes }, contentType]): Body => ({ contentType, bytes }));
  return fc.oneof(
    { weight: 6, arbitrary: fc.oneof(...near) },
    { weight: 1, arbitrary: mistyped },
    { weight: 1, arbitrary: any },
  );
}

const contentTypes: readonly string[] = [
  "application/json",
  "application/json; charset=utf-16",
  'APPLICATION/JSON;charset="',
  "text/plain",
  "text/xml",
  "application/x-www-form-urlencoded",
  "application/x-www-form-urlencoded; charset=iso-8859-1",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  'multipart/form-data; boundary="a b"',
  `multipart/form-data; boundary=${"x".repeat(300)}`,
  "application/cloudevents+json",
  "application/cloudevents-batch+json",
  "application/cloudevents+avro",
  "application/octet-stream",
  "*/*",
  ";",
];

function typesOf(provider: Provider): string[] {
  return provider.samples.map(({ headers }) => headers["content-type"] ?? "");
}

function nearBytes({ body }: Sample, contentType: string): fc.Arbitrary<Buffer> {
  if (/[/+]json/.test(contentType)) return mutatedJson([body]).map((text) => Buffer.from(text));
  const boundary = /boundary="?([^";]+)/.exec(contentType)?.[1];
  const fields = boundary === undefined ? [...new URLSearchParams(body)] : partsIn(body);
  return mutatedFields(fields).map((changed) =>
    Buffer.from(
      boundary === undefined
        ? String(new URLSearchParams(changed.map(([...field]) => field)))
        : written(changed, boundary),
    ),
  );
}

function partsIn(body: string): Field[] {
  return [...body.matchAll(/name="([^"]*)"\r\n\r\n([\s\S]*?)\r\n--/g)].map(([, name = "", value = ""]) => [
    name,
    value,
  ]);
}

function written(fields: readonly Field[], boundary: string): string {
  const parts = fields.map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return `${parts.join("")}--${boundary}--\r\n`;
}

/** Fields dropped, doubled, renamed or filled with something else; JSON in a field is changed as JSON. */
function mutatedFields(fields: readonly Field[]): fc.Arbitrary<Field[]> {
  const hostile = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: "binary", maxLength: 30 }));
  const each = fields.map(([name, value]): fc.Arbitrary<Field[]> => {
    const json = /^\{.*\}$/s.test(value) ? [mutatedJson([value]).map((text): Field[] => [[name, text]])] : [];
    return fc.oneof(
      { weight: 12, arbitrary: fc.constant<Field[]>([[name, value]]) },
      { weight: 1, arbitrary: fc.constant<Field[]>([]) },
      { weight: 1, arbitrary: hostile.map((text): Field[] => [[name, text]]) },
      {
        weight: 1,
        arbitrary: hostile.map((text): Field[] => [
          [`${name}${text}`, value],
          [name, text],
        ]),
      },
      {
        weight: 1,
        arbitrary: fc
          .constantFrom("[]", "[0]", "[a][b]", "[", "]")
          .map((end): Field[] => [[name + end, value]]),
      },
      ...json.map((arbitrary) => ({ weight: 12, arbitrary })),
    );
  });
  const more = fc.array(fc.tuple(hostile, hostile), { maxLength: 3 });
  return fc.tuple(fc.tuple(...each), more).map(([known, others]) => [...known.flat(), ...others]);
}
