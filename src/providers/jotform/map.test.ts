import { describe, expect, it } from "vitest";
import { jotform } from "./index.ts";

function mapped(payload: unknown) {
  return jotform.map({ type: "form_submission", attributes: {}, payload: JSON.stringify(payload) });
}

function contact(rawRequest: object, parts: object = {}) {
  const mapping = mapped({ submissionID: "1", ...parts, rawRequest });
  if (mapping.kind !== "contact") throw new Error(mapping.kind);
  return mapping;
}

function answers(rawRequest: object): unknown {
  const { root } = contact(rawRequest);
  return root !== null && typeof root === "object" && "answers" in root ? root["answers"] : undefined;
}

/** The values found for each field, best first. */
function found(rawRequest: object, parts: object = {}) {
  return Object.fromEntries(
    Object.entries(contact(rawRequest, parts).candidates).flatMap(([field, list]) =>
      list.length === 0 ? [] : [[field, list.map(({ value }) => value)]],
    ),
  );
}

describe("what has no answers", () => {
  it.each([[null], ["text"], [[]], [{}], [{ rawRequest: null }], [{ rawRequest: '{"q4_email":"a"}' }]])(
    "%j names nobody",
    (payload) => {
      expect(mapped(payload)).toEqual({ kind: "nothing", reason: "no-answers", root: payload });
    },
  );

  it("a payload that is no JSON names nobody", () => {
    const mapping = jotform.map({ type: "form_submission", attributes: {}, payload: "{" });
    expect(mapping).toEqual({ kind: "nothing", reason: "no-answers", root: null });
  });

  it("nothing is taken from what only looks like answers", () => {
    const pretty = "Name:Ann Lee, Email:ann@example.com, Phone:+12025550143";
    expect(
      found({ q9_message: "Hello", email: "a@example.com", name: "Ann" }, { pretty, username: "ann" }),
    ).toEqual({});
  });
});

describe("questions", () => {
  it("are found by their unique names", () => {
    const { candidates } = contact({
      q3_firstName: "Ann",
      q4_lastName: "Lee",
      q5_emailAddress: "ann@example.com",
      q6_phoneNumber: "+12025550143",
      q7_country: "Malaysia",
      q8_profilePicture: "https://images.example.com/ann.jpg",
      q9_preferredLanguage: "English",
      q10_fullName: "Ann Lee",
      q11_companyName: "Example Ltd",
    });
    expect(candidates).toEqual({
      firstName: [{ path: "rawRequest.q3_firstName", value: "Ann" }],
      lastName: [{ path: "rawRequest.q4_lastName", value: "Lee" }],
      email: [{ path: "rawRequest.q5_emailAddress", value: "ann@example.com" }],
      phone: [{ path: "rawRequest.q6_phoneNumber", value: "+12025550143" }],
      countryCode: [{ path: "rawRequest.q7_country", value: "Malaysia" }],
      profilePic: [{ path: "rawRequest.q8_profilePicture", value: "https://images.example.com/ann.jpg" }],
      language: [{ path: "rawRequest.q9_preferredLanguage", value: "English" }],
      fullName: [{ path: "rawRequest.q10_fullName", value: "Ann Lee" }],
    });
  });

  it("go by their key, their unique name, and that name without the question's own number", () => {
    expect(answers({ q4_email4: "a@example.com", q26_owner2: "Bob", q7_7: "x" })).toEqual({
      q4_email4: "a@example.com",
      email4: "a@example.com",
      email: "a@example.com",
      q26_owner2: "Bob",
      owner2: "Bob",
      q7_7: "x",
      7: "x",
    });
    expect(found({ q4_email4: "a@example.com", q26_email2: "b@example.com" })).toEqual({
      email: ["a@example.com"],
    });
  });

  it("that were not filled in are no answers", () => {
    expect(
      answers({
        q1_a: "",
        q2_b: " ",
        q3_c: null,
        q4_d: [],
        q5_e: ["", null],
        q6_f: { first: "", last: "" },
        q7_g: { month: "", day: "", year: "" },
        q8_h: {},
        q9_i: { rows: [{ x: "" }] },
      }),
    ).toEqual({});
  });

  it("are told from what a browser sends with them", () => {
    const noise = {
      slug: "submit/1",
      jsExecutionTracker: "build-date-1",
      submitSource: "form",
      submitDate: "1763751103712",
      buildDate: "1",
      timeToSubmit: "3",
      temp_upload: { q5_cv: ["cv.pdf#jotformfs"] },
      file_server: "x",
      path: "/submit/1",
      event_id: "1_1_x",
      payment_total_checksum: "10",
      submissionEdited: 1,
    };
    expect(answers({ ...noise, q_email: "x", q3: "x", quiz_name: "x" })).toEqual({});
    expect(answers({ ...noise, cv: ["https://files.example.com/cv.pdf"] })).toEqual({
      q5_cv: ["https://files.example.com/cv.pdf"],
      cv: ["https://files.example.com/cv.pdf"],
    });
  });

  it("of any shape are kept as they are", () => {
    const shapes = {
      q1_toppings: ["Cheese", "Ham; cured"],
      q2_matrix: { 0: ["Good"], 1: "Poor" },
      q3_visit: { date: "2022-04-25 16:00", duration: "60", timezone: "America/New_York (GMT-04:00)" },
      q4_cart: { products: [{ productName: "Hat", unitPrice: 10 }], totalInfo: { totalSum: 10 } },
      q5_stay: { year: "2024", month: "12", day: "31", hour: "1", min: "30" },
      q6_party: { year: "soon", month: "", day: "" },
    };
    expect(answers(shapes)).toMatchObject({
      toppings: shapes.q1_toppings,
      matrix: shapes.q2_matrix,
      visit: shapes.q3_visit,
      cart: shapes.q4_cart,
      stay: shapes.q5_stay,
      party: shapes.q6_party,
    });
  });

  it("named like what every object has are questions like any other", () => {
    const rawRequest: object = JSON.parse(
      '{"q1_constructor":"a","q2___proto__":{"full":"+12025550143"},"q3_toString":{"hasOwnProperty":"x"}}',
    );
    expect(answers(rawRequest)).toMatchObject({ constructor: "a", toString: { hasOwnProperty: "x" } });
  });
});

describe("full names", () => {
  it("in parts are a first and a last name", () => {
    const name = { prefix: "Dr", first: "Grace", middle: "B.", last: "Hopper", suffix: "PhD" };
    expect(found({ q3_fullName: name })).toEqual({ firstName: ["Grace"], lastName: ["Hopper"] });
    expect(found({ q3_name3: { first: "Grace", last: " " } })).toEqual({ firstName: ["Grace"] });
    expect(answers({ q3_fullName: name })).toMatchObject({ fullName: name });
  });

  it("of somebody else are left alone, even where the person gave none", () => {
    const spousesName = { first: "Sam", last: "Smith" };
    expect(found({ q3_name: { first: "Ann", last: "" }, q9_spousesName: spousesName })).toEqual({
      firstName: ["Ann"],
    });
    expect(found({ q3_name: { first: "", last: "" }, q9_spousesName: spousesName })).toEqual({});
    expect(found({ q3_fullName: "Ann Lee", q9_spousesName: spousesName })).toEqual({ fullName: ["Ann Lee"] });
    expect(found({ q3_fullName: "", q9_spousesName: spousesName })).toEqual({});
    expect(found({ q9_spousesName: spousesName, q10_childsName: { first: "", last: "" } })).toEqual({});
  });

  it("under another name count when they are the only one", () => {
    expect(found({ q3_studentsName: { first: "Nina", last: "P" } })).toEqual({
      firstName: ["Nina"],
      lastName: ["P"],
    });
  });

  it("that were asked twice are taken in the form's order", () => {
    expect(found({ q28_name: { first: "Ann" }, q31_name31: { first: "Anna" } })).toEqual({
      firstName: ["Ann", "Anna"],
    });
  });
});

describe("phone numbers", () => {
  it.each([
    [{ full: "(202) 555-0143" }, "(202) 555-0143"],
    [{ full: "+60 12-345 6789" }, "+60 12-345 6789"],
    [{ area: "202", phone: "555-0143" }, "202 555-0143"],
    [{ area: "+91", phone: "8580369581" }, "+91 8580369581"],
    [{ country: "1", area: "202", phone: "5550143" }, "+1 202 5550143"],
    [{ country: "+60", area: "12", phone: "3456789" }, "+60 12 3456789"],
    [{ country: "0065", area: "", phone: "91234567" }, "0065 91234567"],
    [{ country: "Singapore", area: "", phone: "91234567" }, "91234567"],
    [{ country: "", area: " 202 ", phone: 5550143 }, "202 5550143"],
    ["+12025550143", "+12025550143"],
  ])("%j reads %j", (value, text) => {
    expect(found({ q5_phoneNumber: value })).toEqual({ phone: [text] });
    expect(answers({ q5_phoneNumber: value })).toMatchObject({ phoneNumber: text });
  });

  it.each([[{ full: "" }], [{ area: "", phone: "" }], [{ country: "1", area: "202", phone: "" }]])(
    "%j is none",
    (value) => {
      expect(found({ q5_phoneNumber: value })).toEqual({});
    },
  );

  it("of somebody else are left alone, even where the person gave none", () => {
    const spousesPhone = { full: "+12025550199" };
    expect(found({ q13_phoneNumber: { full: "" }, q117_spousesPhone: spousesPhone })).toEqual({});
    expect(found({ q51_callersPhone: { full: "" }, q117_spousesPhone: spousesPhone })).toEqual({});
    expect(found({ q4_mobile: "", q117_spousesPhone: spousesPhone })).toEqual({});
    expect(found({ q13_phoneNumber13: { full: "+12025550143" }, q117_spousesPhone: spousesPhone })).toEqual({
      phone: ["+12025550143"],
    });
  });

  it("under another name count when they are the only one", () => {
    expect(found({ q5_bestNumber: { full: "+12025550143" } })).toEqual({ phone: ["+12025550143"] });
  });
});

describe("addresses", () => {
  const address = {
    addr_line1: "1 Road",
    addr_line2: "",
    city: "Ipoh",
    state: "",
    postal: "",
    country: "Malaysia",
  };

  it("tell the country, after a question that asks for it", () => {
    expect(contact({ q6_address: address }).candidates.countryCode).toEqual([
      { path: "rawRequest.q6_address.country", value: "Malaysia" },
    ]);
    expect(found({ q6_address: address, q7_country: "Singapore" })).toEqual({
      countryCode: ["Singapore", "Malaysia"],
    });
    expect(found({ q6_address: { ...address, country: "" } })).toEqual({});
  });

  it("of somebody else are left alone", () => {
    const officeAddress = { ...address, country: "Singapore" };
    expect(found({ q6_address6: address, q7_officeAddress: officeAddress })).toEqual({
      countryCode: ["Malaysia"],
    });
    expect(found({ q6_homeAddress: address, q7_officeAddress: officeAddress })).toEqual({});
    expect(found({ q7_officeAddress: officeAddress })).toEqual({ countryCode: ["Singapore"] });
  });
});

describe("dates and times", () => {
  it("in parts read as one text", () => {
    expect(
      answers({
        q6_birthDate: { month: "12", day: "9", year: "1906" },
        q45_time: { timeInput: "05:55", hourSelect: "05", minuteSelect: "55", ampm: "AM" },
        q46_lunch: { timeInput: "13:30", hourSelect: "13", minuteSelect: "30" },
      }),
    ).toMatchObject({ birthDate: "1906-12-09", time: "05:55 AM", lunch: "13:30" });
  });
});
