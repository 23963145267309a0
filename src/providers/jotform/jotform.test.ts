import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { InboundRequest, ProviderEvent } from "../provider.ts";
import { jotform } from "./index.ts";

const urlEncoded = "application/x-www-form-urlencoded";

function request(body: string | Buffer, type: string): InboundRequest {
  const headers = { "content-type": type };
  return { method: "POST", headers, query: {}, target: "/", body: Buffer.from(body), receivedAt: 0 };
}

function posted(parts: Record<string, string>) {
  return jotform.parse(request(new URLSearchParams(parts).toString(), urlEncoded));
}

function eventOf(given: InboundRequest): ProviderEvent {
  const parsed = jotform.parse(given);
  if (parsed.kind !== "events" || !parsed.events[0]) throw new Error(JSON.stringify(parsed));
  return parsed.events[0];
}

function multipart(parts: Record<string, string>, boundary: string): InboundRequest {
  const written = Object.entries(parts).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  return request(`${written.join("")}--${boundary}--\r\n`, `multipart/form-data; boundary=${boundary}`);
}

const submission = {
  formID: "243231271343446",
  submissionID: "6084250982513018472",
  rawRequest: '{"q4_email":"a@example.com"}',
};

describe("what is no submission", () => {
  it.each(["application/json", "text/plain", ""])("content type %j is not what Jotform sends", (type) => {
    expect(jotform.parse(request(JSON.stringify(submission), type)).kind).toBe("unsupported");
  });

  it.each([
    ["nothing", {}],
    ["no submission's id", { rawRequest: submission.rawRequest }],
    ["no answers", { submissionID: "1" }],
    ["answers that are no JSON", { ...submission, rawRequest: "q4_email=a@example.com" }],
    ["answers cut short", { ...submission, rawRequest: '{"q4_email":"a@exam' }],
    ["answers that are no object", { ...submission, rawRequest: "[]" }],
  ])("%s is malformed", (_name, parts) => {
    expect(posted(parts)).toMatchObject({ kind: "malformed", message: expect.stringMatching(/\S/) });
  });

  it("a part sent twice is malformed, and so is a body without its boundary", () => {
    const twice = `${new URLSearchParams(submission).toString()}&submissionID=2`;
    expect(jotform.parse(request(twice, urlEncoded)).kind).toBe("malformed");
    const { body } = multipart(submission, "one");
    expect(jotform.parse(request(body, "multipart/form-data; boundary=other")).kind).toBe("malformed");
    expect(jotform.parse(request(body, "multipart/form-data")).kind).toBe("malformed");
  });
});

describe("a submission", () => {
  it("is its parts, the answers as an object beside them", () => {
    expect(posted(submission)).toEqual({
      kind: "events",
      events: [
        {
          id: expect.stringMatching(/^6084250982513018472:[0-9a-f]{32}$/),
          type: "form_submission",
          occurredAt: undefined,
          attributes: { formID: submission.formID, submissionID: submission.submissionID },
          payload: JSON.stringify({ ...submission, rawRequest: { q4_email: "a@example.com" } }),
        },
      ],
    });
  });

  it("is the same event by whatever boundary and encoding, and another when it was edited", () => {
    const id = (given: InboundRequest) => eventOf(given).id;
    const sent = multipart(submission, "--------------------------J1JNT4vbVO4FCC1qLG4HSv");
    const again = multipart(submission, "--------------------------BIoxRptelgempTlOi8T0XA");
    const edited = { ...submission, rawRequest: '{"q4_email":"b@example.com"}' };
    expect(id(again)).toBe(id(sent));
    expect(id(request(new URLSearchParams(submission).toString(), urlEncoded))).toBe(id(sent));
    expect(id(multipart(edited, "b"))).not.toBe(id(sent));
    expect(id(multipart({ ...submission, submissionID: "7" }, "b"))).not.toBe(id(sent));
  });

  it("does not keep the key that Jotform repeats in it", () => {
    const webhookURL = "https://relay.example.com/webhooks/jotform?key=s3cret-of-the-address";
    const event = eventOf(multipart({ ...submission, webhookURL }, "b"));
    expect(JSON.stringify(event)).not.toContain("s3cret");
    expect(JSON.parse(event.payload)).not.toHaveProperty("webhookURL");
  });

  it("keeps every digit of its numbers", () => {
    const rawRequest = '{"q1_order":6084250982513018472,"q2_product":{"id":1.50}}';
    expect(JSON.parse(eventOf(multipart({ ...submission, rawRequest }, "b")).payload)).toMatchObject({
      rawRequest: { q1_order: "6084250982513018472", q2_product: { id: 1.5 } },
    });
  });
});

describe("the proof", () => {
  const body = new URLSearchParams(submission).toString();
  const verdict = (query: Record<string, string>, keys = ["s3cret"]) =>
    jotform.verify({ ...request(body, urlEncoded), query }, { secrets: ["s3cret"], keys }, 0).ok;

  it("is the key in the address, and nothing in the body", () => {
    expect(verdict({})).toBe(false);
    expect(verdict({ key: "wrong" })).toBe(false);
    expect(verdict({ key: "s3cret" }, [])).toBe(false);
    expect(verdict({ key: "" }, [""])).toBe(false);
    expect(verdict({ key: "s3cret" })).toBe(true);
    expect(verdict({ key: "s3cret" }, ["old", "s3cret"])).toBe(true);
    const inBody = request(`${body}&key=s3cret`, urlEncoded);
    expect(jotform.verify(inBody, { secrets: [], keys: ["s3cret"] }, 0).ok).toBe(false);
  });
});

describe.each(["lf", "crlf"])("recorded submissions, lines ended by %s", (lineEnd) => {
  const recorded = (name: string) => {
    const body = readFileSync(new URL(`fixtures/${name}.${lineEnd}.multipart`, import.meta.url));
    const [first = ""] = body.toString("latin1").split(/\r?\n/, 1);
    const event = eventOf(request(body, `multipart/form-data; boundary=${first.slice(2)}`));
    const mapping = jotform.map(event);
    if (mapping.kind !== "contact") throw new Error(mapping.kind);
    return { event, mapping };
  };

  it("are read to the end", () => {
    const { event } = recorded("response");
    expect(event.attributes).toEqual({ formID: "243231271343446", submissionID: "6084250982513018472" });
    expect(event.payload).not.toContain("ngrok");
    expect(JSON.parse(event.payload)).toMatchObject({
      action: "",
      formTitle: "Tutor Appointment Form",
      ip: "203.0.113.17",
      rawRequest: { slug: "submit/243231271343446", q3_studentsName: { first: "Nina", last: "P" } },
    });
  });

  it("have the same identity with either line end", () => {
    expect(recorded("response").event.id).toBe("6084250982513018472:a164eab19c7659785035422fef067dd2");
  });

  it("have the questions for answers, and not what the browser adds", () => {
    const { mapping } = recorded("response");
    expect(mapping.answers?.map(({ key }) => key)).toEqual([
      "q3_studentsName",
      "q33_typeOf",
      "q34_subjectFor",
      "q35_grade",
      "q27_priorTutoring",
      "q28_appointment",
      "q19_table",
      "q5_identityProof",
      "q6_reports",
    ]);
    expect(mapping.root).toMatchObject({
      answers: {
        studentsName: { first: "Nina", last: "P" },
        grade: "12",
        q35_grade: "12",
        reports: [expect.stringMatching(/^https:\/\/www\.jotform\.com\/uploads\/.*\.pdf$/)],
      },
    });
    expect(mapping.candidates).toEqual({
      firstName: [{ path: "rawRequest.q3_studentsName.first", value: "Nina" }],
      lastName: [{ path: "rawRequest.q3_studentsName.last", value: "P" }],
      countryCode: [],
    });
  });

  it("keep commas, colons and semicolons within an answer", () => {
    const { mapping } = recorded("response_with_colon_comma_characters");
    expect(mapping.root).toMatchObject({
      answers: {
        nameHehe: "Value1 with colon: and comma, end",
        multipleChoice: ["Option; 1", "Option2"],
        q22_fileUpload: [expect.stringContaining("error%3B%20frontend%2C%20UI.png"), expect.any(String)],
      },
    });
  });
});
