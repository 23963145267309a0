// Bodies of about a megabyte: what providers send, made large, and what nobody sends who means well.
const bytes = 1_000_000;
const boundary = "----relay-bench-boundary";

const fill = (text, size = bytes) => text.repeat(Math.ceil(size / text.length));
const list = (text) => `{"list":[${fill(`${text},`)}0]}`;
const numbered = (count, make) => Array.from({ length: count }, (_, index) => make(index));

/** Valid JSON of ordinary make: what `JSON.parse` is measured on. */
export const comparable = list(
  JSON.stringify({
    id: 1042,
    email: "siti@example.com",
    tags: ["a", "b"],
    total: "388.00",
    note: null,
    ok: true,
  }),
);

const anyJson = {
  "a list of orders": () => comparable,
  "orders with 18-digit ids": () =>
    list('{"id":820982911946154508,"email":"siti@example.com","lines":[{"id":866550311766439020}]}'),
  "a megabyte of [": () => fill("["),
  'a megabyte of {"a":': () => fill('{"a":'),
  "objects 60 deep, side by side": () => list(`${'{"a":'.repeat(60)}1${"}".repeat(60)}`),
  "lists 60 deep, side by side": () => list(`${"[".repeat(60)}${"]".repeat(60)}`),
  "empty objects": () => list("{}"),
  "many keys": () => `{${numbered(70_000, (index) => `"key${index}":1`).join(",")}}`,
  "one long text": () => `{"a":"${fill("x")}"}`,
  "one long text of escapes": () => `{"a":"${fill('\\"')}"}`,
  "one long text of other scripts": () => `{"a":"${fill("\u59d3\u540d", 330_000)}"}`,
  "short texts": () => list('""'),
  "texts of digits": () => list('"12345678901234567"'),
  "numbers of 19 digits": () => list("1234567890123456789"),
  "numbers beyond every double": () => list("1e999"),
  "one number": () => fill("1"),
  blanks: () => `${fill(" ")}{}`,
  "unclosed quotes": () => fill('"'),
};

const fieldsOf = (count, name, value) => numbered(count, (index) => [name(index), value]);
const garbledPhones = fieldsOf(
  999,
  (index) => `phone${"-".repeat(index % 190)}${".".repeat(Math.floor(index / 190))}`,
  "+999 12 345 678",
);

const forms = {
  "fields of a kilobyte": () => fieldsOf(999, (index) => `field_${index}`, "x".repeat(980)),
  "fields of escapes": () => fieldsOf(999, (index) => `field_${index}`, "%41".repeat(320)),
  "fields of long names": () => fieldsOf(999, (index) => `${"your phone ".repeat(88)}${index}`, "1"),
  "phone numbers that are none": () => garbledPhones,
  "fields with brackets": () =>
    fieldsOf(999, (index) => `a[${index}]${"[b]".repeat(7)}${"[".repeat(400)}`, "x".repeat(500)),
};

const urlEncodedForms = {
  "one long value": () => `a=${fill("x")}`,
  "one long value of escapes": () => `a=${fill("%C3%A9")}`,
  "a megabyte of &": () => fill("&"),
  "a megabyte of a=&": () => fill("a=&"),
};

const part = (name, value) =>
  `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const closed = (parts) => `${parts}--${boundary}--\r\n`;

const multipartForms = {
  "lines like the boundary": () => closed(part("a", fill(`\r\n--${boundary}x`))),
  "boundaries and nothing else": () => fill(`--${boundary}\r\n`),
  "blanks behind a boundary": () => `${part("a", "b")}--${boundary}${fill(" ")}`,
  "headers without an end": () => closed(`--${boundary}\r\n${fill("a: b\r\n")}`),
  "folded headers in each part": () =>
    closed(
      fill(`--${boundary}\r\nContent-Disposition: form-data;${fill("\r\n ", 7_000)}name="a"\r\n\r\n1\r\n`),
    ),
  "unclosed quotes in each part": () =>
    closed(fill(`--${boundary}\r\nContent-Disposition: form-data; ${fill('; a="\\', 7_000)}\r\n\r\n1\r\n`)),
  "one large file": () =>
    closed(
      `${part("email", "siti@example.com")}--${boundary}\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n${fill("\r\n-")}\r\n`,
    ),
};

/** Every leaf and list of a JSON value. */
function walked(value, leaf, items = (list) => list) {
  if (Array.isArray(value)) return items(value.map((item) => walked(item, leaf, items)));
  if (typeof value !== "object" || value === null) return leaf(value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walked(item, leaf, items)]));
}

const listsIn = (value) => {
  let count = 0;
  walked(
    value,
    () => 0,
    (items) => ((count += items.length > 0 ? 1 : 0), items),
  );
  return count;
};
const textsIn = (value) => {
  let count = 0;
  walked(value, (leaf) => (count += typeof leaf === "string" ? 1 : 0));
  return count;
};

/** What is no phone number and no address any more, but nearly. */
function garbled(leaf) {
  if (typeof leaf !== "string") return leaf;
  if (leaf.includes("@")) return "siti@example";
  return /^\+?[\d\s()-]{7,}$/.test(leaf) ? "+999 12 345 678" : leaf;
}

const times = (items, count) =>
  items.length === 0 ? items : numbered(count * items.length, (index) => items[index % items.length]);

/** Lists in lists grow by the product: from below, so that it never becomes too large to write. */
function grownLists(value, leaf) {
  let text = JSON.stringify(value);
  for (let count = 2; ; count = Math.ceil(count * 1.2)) {
    const grown = JSON.stringify(walked(value, leaf, (items) => times(items, count)));
    if (grown.length > bytes * 1.05) return text;
    text = grown;
  }
}

function ofSample(value) {
  const perText = Math.floor(bytes / Math.max(1, textsIn(value)));
  const withTexts = (change) =>
    JSON.stringify(walked(value, (leaf) => (typeof leaf === "string" ? change(leaf) : leaf)));
  const bodies = {
    "its sample, every text long": () => withTexts((leaf) => leaf + "x".repeat(perText)),
    "its sample, every text almost an address": () => withTexts(() => `${"a.".repeat(perText / 2)}@`),
  };
  if (listsIn(value) > 0) {
    bodies["its sample, its lists long"] = () => grownLists(value, (leaf) => leaf);
    bodies["its sample, its lists long, nobody to be reached"] = () => grownLists(value, garbled);
  }
  const copies = Math.floor(bytes / JSON.stringify(value).length);
  if (!Array.isArray(value)) {
    bodies["its sample, much beside it"] = () =>
      JSON.stringify({ ...value, relay_padding: numbered(copies, () => value) });
    return bodies;
  }
  const padded = (index, size) => ({
    ...value[index % value.length],
    relay_padding: "x".repeat(size) + index,
  });
  bodies["a batch of 100"] = () => JSON.stringify(numbered(100, (index) => padded(index, 9_500)));
  bodies["a batch of 1000 without ids"] = () =>
    JSON.stringify(
      numbered(1_000, (index) => ({ ...padded(index, 700), eventId: undefined, occurredAt: undefined })),
    );
  return bodies;
}

/** Each body to try on a provider, with the headers of one of its samples. */
export function bodiesFor(provider) {
  const cases = [];
  const seen = new Set();
  for (const sample of provider.samples) {
    const type = sample.headers["content-type"] ?? "application/json";
    const kind = /[/+]json/.test(type) ? "json" : type.startsWith("multipart/") ? "multipart" : "form";
    const add = (name, body, headers = sample.headers) => {
      if (!seen.has(name)) cases.push({ name, headers, body: () => Buffer.from(body()) });
      seen.add(name);
    };
    if (kind === "json") {
      for (const [name, body] of Object.entries(ofSample(JSON.parse(sample.body)))) add(name, body);
      for (const [name, body] of Object.entries(anyJson)) add(name, body);
      continue;
    }
    const headers = {
      ...sample.headers,
      ...(kind === "multipart" ? { "content-type": `multipart/form-data; boundary=${boundary}` } : {}),
    };
    const write = (fields) =>
      kind === "multipart"
        ? closed(fields.map(([name, value]) => part(name, value)).join(""))
        : fields.map(([name, value]) => `${name}=${value}`).join("&");
    for (const [name, fields] of Object.entries(forms))
      add(`${kind}: ${name}`, () => write(fields()), headers);
    const own = kind === "multipart" ? multipartForms : urlEncodedForms;
    for (const [name, body] of Object.entries(own)) add(`${kind}: ${name}`, body, headers);
    const raw = /name="rawRequest"\r\n\r\n(.*)\r\n/.exec(sample.body)?.[1];
    if (raw === undefined) continue;
    for (const [name, body] of Object.entries({ ...anyJson, ...ofSample(JSON.parse(raw)) })) {
      const whole = () => sample.body.replace(raw, () => body());
      add(`rawRequest: ${name}`, whole, sample.headers);
    }
  }
  return cases;
}
