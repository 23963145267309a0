import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { JsonValue } from "../provider.ts";
import { tally } from "./index.ts";
import { expectQuick } from "../../../test/helpers/quick.ts";

function mapped(payload: unknown) {
  return tally.map({ type: "FORM_RESPONSE", attributes: {}, payload: JSON.stringify(payload) });
}

function contact(...fields: unknown[]) {
  const mapping = mapped({ eventId: "1", data: { fields } });
  if (mapping.kind !== "contact") throw new Error(mapping.kind);
  return mapping;
}

function answers(...fields: unknown[]) {
  const { root } = contact(...fields);
  return root !== null && typeof root === "object" && "answers" in root ? root["answers"] : undefined;
}

/** The values found for each field, best first. */
function found(...fields: unknown[]) {
  const { candidates } = contact(...fields);
  return Object.fromEntries(
    Object.entries(candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

const text = (label: string | null, value: JsonValue, type = "INPUT_TEXT", key = "question_a") => ({
  key,
  label,
  type,
  value,
});

describe("what has no answers", () => {
  it.each([[null], ["text"], [[]], [{}], [{ data: null }], [{ data: { fields: {} } }]])(
    "%j names nobody",
    (payload) => {
      expect(mapped(payload)).toEqual({ kind: "nothing", reason: "no-answers", root: payload });
    },
  );

  it("a payload that is no JSON names nobody", () => {
    const mapping = tally.map({ type: "FORM_RESPONSE", attributes: {}, payload: "{" });
    expect(mapping).toEqual({ kind: "nothing", reason: "no-answers", root: null });
  });

  it.each([[null], [7], ["x"], [[]], [{}], [{ value: "x" }], [{ key: 1, label: 2, type: 3, value: 4 }]])(
    "a field that is %j is no contact's",
    (field) => {
      expect(found(field)).toEqual({});
    },
  );
});

describe("fields", () => {
  it("are who they are by type and label, with their place in the payload", () => {
    const { candidates } = contact(
      text("Best way to write to you", "zoe@example.com", "INPUT_EMAIL"),
      text("Call me on", "+12025550143", "INPUT_PHONE_NUMBER"),
      text("First name", "Zoë"),
      text("Email", "zoe@example.org"),
    );
    expect(candidates).toEqual({
      email: [
        { path: "data.fields.3.value", value: "zoe@example.org" },
        { path: "data.fields.0.value", value: "zoe@example.com" },
      ],
      phone: [{ path: "data.fields.1.value", value: "+12025550143" }],
      firstName: [{ path: "data.fields.2.value", value: "Zoë" }],
    });
  });

  it("that were not filled in are no answers, and take no name from one that was", () => {
    const fields = [
      text("Mobile", null, "INPUT_PHONE_NUMBER", "question_a"),
      text("Mobile", "  ", "INPUT_PHONE_NUMBER", "question_b"),
      text("Mobile", [], "INPUT_PHONE_NUMBER", "question_c"),
      text("Mobile", "+12025550143", "INPUT_PHONE_NUMBER", "question_d"),
    ];
    expect(answers(...fields)).toEqual({ question_d: "+12025550143", Mobile: "+12025550143" });
    expect(found(...fields)).toEqual({ phone: ["+12025550143"] });
  });

  it("that share a label are both answers, the first by the label", () => {
    const fields = [
      text("Email", "a@example.com", "INPUT_EMAIL", "question_a"),
      text("Email", "b@example.com", "INPUT_EMAIL", "question_b"),
    ];
    expect(answers(...fields)).toEqual({
      question_a: "a@example.com",
      question_b: "b@example.com",
      Email: "a@example.com",
    });
    expect(found(...fields)).toEqual({ email: ["a@example.com", "b@example.com"] });
  });

  it("without a label go by their key, and labels lose the white space around them", () => {
    expect(answers(text(null, "x"))).toEqual({ question_a: "x" });
    expect(answers(text("Your email address\n", "a@example.com"))).toEqual({
      question_a: "a@example.com",
      "Your email address": "a@example.com",
    });
    expect(answers(text("__proto__", "x", "INPUT_TEXT", "constructor"))).toEqual(
      Object.fromEntries([
        ["constructor", "x"],
        ["__proto__", "x"],
      ]),
    );
  });

  it("of a type called like what every object has are of no type", () => {
    for (const type of ["constructor", "toString", "__proto__"]) {
      expect(found(text("Anything", "x", type), text("Payment", "x", "PAYMENT", `a_${type}`))).toEqual({});
    }
  });

  it("false and zero are answers", () => {
    expect(answers(text("Agreed", false), text("Children", 0, "INPUT_NUMBER", "question_b"))).toMatchObject({
      Agreed: false,
      Children: 0,
    });
  });
});

describe("choices", () => {
  const options = [
    { id: "6010d529-62a5", text: "Malaysia" },
    { id: "260c201f-1c52", text: "Singapore" },
  ];
  const choice = (type: string, value: JsonValue, label = "Country") => ({
    key: "question_n9BqQm",
    label,
    type,
    value,
    options,
  });

  it.each(["MULTIPLE_CHOICE", "DROPDOWN", "CHECKBOXES", "MULTI_SELECT", "RANKING"])(
    "of a %s read as they do on the form, in the order chosen",
    (type) => {
      const both = choice(type, ["260c201f-1c52", "6010d529-62a5"]);
      expect(answers(both)).toMatchObject({ Country: ["Singapore", "Malaysia"] });
      expect(found(both)).toEqual({});
      expect(found(choice(type, ["6010d529-62a5"]))).toEqual({ countryCode: ["Malaysia"] });
    },
  );

  it("may be one id without a list, as older events have it", () => {
    expect(found(choice("MULTIPLE_CHOICE", "6010d529-62a5"))).toEqual({ countryCode: ["Malaysia"] });
  });

  it("that no option explains, or one without a text, stay as they are", () => {
    expect(answers(choice("DROPDOWN", ["Elsewhere", 3, null]))).toMatchObject({
      Country: ["Elsewhere", 3, null],
    });
    const pictures = { ...choice("MULTIPLE_CHOICE", ["a"]), options: [{ id: "a" }, { text: "b" }, null, 4] };
    expect(answers(pictures)).toMatchObject({ Country: ["a"] });
    expect(answers({ ...pictures, options: "none" })).toMatchObject({ Country: ["a"] });
  });

  it("are not told again by the rows that repeat them, whatever those hold", () => {
    const row = (value: JsonValue) =>
      text("Country (Malaysia)", value, "CHECKBOXES", "question_n9BqQm_6010d529-62a5");
    for (const value of [true, false, null]) {
      expect(answers(row(value), choice("CHECKBOXES", ["260c201f-1c52"]))).toEqual({
        question_n9BqQm: ["Singapore"],
        Country: ["Singapore"],
      });
      expect(answers(row(value), choice("CHECKBOXES", null))).toEqual({});
    }
  });

  it("are told apart from fields whose key merely looks alike", () => {
    const hidden = text("utm", "spring", "HIDDEN_FIELDS", "question_n9BqQm_8b5711e3");
    expect(answers(choice("CHECKBOXES", null), hidden)).toEqual({
      question_n9BqQm_8b5711e3: "spring",
      utm: "spring",
    });
  });

  it("of a matrix are by their row's text", () => {
    const matrix = {
      ...text("Matrix", { r1: ["c2"], r2: ["c1", "c9"], r9: "c1" }, "MATRIX"),
      rows: [
        { id: "r1", text: "Quality" },
        { id: "r2", text: "Speed" },
      ],
      columns: [
        { id: "c1", text: "Poor" },
        { id: "c2", text: "Good" },
      ],
    };
    expect(answers(matrix)).toMatchObject({
      Matrix: { Quality: ["Good"], Speed: ["Poor", "c9"], r9: "Poor" },
    });
  });

  it("of a megabyte are read at once", () => {
    const many = Array.from({ length: 15_000 }, (_, index) => ({
      id: `id-${index}`,
      text: `Option ${index}`,
    }));
    const longKey = "k".repeat(100_000);
    const fields = [
      { key: longKey, label: "A", type: "CHECKBOXES", value: many.map(({ id }) => id), options: many },
      ...many.map(({ id }) => ({ key: `k_${id}`, type: "CHECKBOXES", value: true })),
    ];
    const payload = JSON.stringify({ data: { fields } });
    expectQuick(() => tally.map({ type: "FORM_RESPONSE", attributes: {}, payload }));
  });
});

describe("what was not asked", () => {
  const hidden = (label: string, value: JsonValue, type = "HIDDEN_FIELDS") =>
    text(label, value, type, `question_h_${label}`);

  it("comes after what was, however well it is called", () => {
    expect(
      found(
        hidden("email", "hidden@example.com"),
        hidden("first_name", "Calculated", "CALCULATED_FIELDS"),
        text("Where may we write to?", "asked@example.com", "INPUT_EMAIL"),
        text("First name", "Asked"),
      ),
    ).toEqual({ email: ["asked@example.com", "hidden@example.com"], firstName: ["Asked", "Calculated"] });
  });

  it("is an answer to expressions all the same", () => {
    expect(answers(hidden("utm_campaign", "spring"), hidden("Score", 20, "CALCULATED_FIELDS"))).toMatchObject(
      {
        utm_campaign: "spring",
        Score: 20,
      },
    );
  });
});

describe("a payment", () => {
  const payment = [
    text("Payment (price)", 9, "PAYMENT", "question_wa9QBw_price"),
    text("Payment (name)", "Alice Smith", "PAYMENT", "question_wa9QBw_name"),
    text("Payment (email)", "alice@example.com", "PAYMENT", "question_wa9QBw_email"),
  ];

  it("says who answered when nothing else does", () => {
    expect(found(...payment)).toEqual({ email: ["alice@example.com"], fullName: ["Alice Smith"] });
    expect(found(...payment, text("Name", "Bob"))).toEqual({
      email: ["alice@example.com"],
      fullName: ["Bob", "Alice Smith"],
    });
  });

  it("may be another person's: its name is not given to whom the answers name", () => {
    const email = text("Email", "bob@example.com", "INPUT_EMAIL");
    const phone = text("Phone", "+12025550143", "INPUT_PHONE_NUMBER");
    const hidden = text("email", "bob@example.com", "HIDDEN_FIELDS");
    expect(found(...payment, email)).toEqual({ email: ["bob@example.com"] });
    expect(found(...payment, phone)).toEqual({ phone: ["+12025550143"] });
    expect(found(...payment, hidden)).toEqual({ email: ["bob@example.com"] });
    expect(answers(...payment, email)).toMatchObject({ "Payment (name)": "Alice Smith" });
  });
});

describe("an event of the documented shape, with a field of every type", () => {
  const payload = readFileSync(new URL("fixtures/every-type.json", import.meta.url), "utf8");
  const mapping = tally.map({ type: "FORM_RESPONSE", attributes: {}, payload });
  if (mapping.kind !== "contact") throw new Error(mapping.kind);

  it("names its contact", () => {
    expect(mapping.candidates).toEqual({
      email: [{ path: "data.fields.5.value", value: "alice@example.com" }],
      phone: [{ path: "data.fields.6.value", value: "+32491223344" }],
    });
  });

  it("has every answer under its label", () => {
    expect(mapping.root).toMatchObject({
      data: { formName: "Webhook payload" },
      answers: {
        utm_campaign: "newsletter",
        Score: 20,
        Text: "Hello",
        Date: "2023-06-28",
        "Multiple choice": ["In progress"],
        Checkboxes: ["Swimming", "Skiing"],
        Dropdown: ["Hard"],
        "Multi-select": ["Surf", "Golf"],
        "File upload": [{ name: "icon.png", mimeType: "image/png" }],
        "Payment (price)": 9,
        Rating: 4,
        Ranking: ["Pear", "Apple", "Banana"],
        Signature: [{ mimeType: "image/png" }],
        Matrix: { Quality: ["Satisfied"], Speed: ["Neutral"] },
      },
    });
    expect(Object.keys(Object(Object(mapping.root)["answers"]))).not.toContain("Checkboxes (Soccer)");
  });
});
