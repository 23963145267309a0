import type { JsonValue, Sample } from "../provider.ts";

interface Submission {
  readonly responseId: string;
  readonly timestamp: string;
  readonly respondentEmail: string | null;
}

/** Believable only in its shape: names and numbers are examples. */
function sample(name: string, submission: Submission, body: object): Sample {
  return {
    name,
    type: "form_submission",
    headers: { "content-type": "application/json", "webhook-id": submission.responseId },
    body: JSON.stringify(body),
    ids: [submission.responseId],
    times: [submission.timestamp],
  };
}

/** As the script of the page posts it. */
function scripted(
  name: string,
  formTitle: string,
  submission: Submission,
  questions: readonly (readonly [title: string, type: string, value: JsonValue])[],
): Sample {
  const { responseId, timestamp, respondentEmail } = submission;
  const answers = questions.map(([title, type, value], index) => {
    return { id: String(1_063_554_720 + index), title, type, value };
  });
  const data = { formId: "1FAIpQLSample", formTitle, responseId, respondentEmail, answers };
  return sample(name, submission, { type: "form_submission", timestamp, data });
}

const spreadsheet: Submission = {
  responseId: "2_ABaOnudSample3",
  timestamp: "2026-01-05T10:10:00.000Z",
  respondentEmail: null,
};

export const samples: readonly Sample[] = [
  scripted(
    "newsletter",
    "Newsletter",
    {
      responseId: "2_ABaOnudSample1",
      timestamp: "2026-01-05T10:00:00.000Z",
      respondentEmail: "nurul.aziz@example.com",
    },
    [
      ["First name", "TEXT", "Nurul"],
      ["Last name", "TEXT", "Aziz"],
      ["Phone number", "TEXT", "+1 202 555 0143"],
      ["Country", "LIST", "Malaysia"],
      ["Preferred language", "MULTIPLE_CHOICE", "English"],
      ["What may we write about?", "CHECKBOX", ["Shoes", "Bags"]],
    ],
  ),
  scripted(
    "event-registration",
    "Open day",
    { responseId: "2_ABaOnudSample2", timestamp: "2026-01-05T10:05:00.000Z", respondentEmail: null },
    [
      ["Full name", "TEXT", "Ben Tan"],
      ["Email", "TEXT", "ben.tan@example.com"],
      ["Profile picture", "TEXT", "https://example.com/ben.png"],
      ["Which day suits you?", "DATE", "2026-02-14"],
      ["How do you like our shops?", "GRID", { Online: "Good", "In town": null }],
      ["When may we call?", "CHECKBOX_GRID", { Monday: ["Morning", "Evening"], Tuesday: null }],
      ["Your ticket", "FILE_UPLOAD", ["https://drive.google.com/open?id=1SampleFile"]],
    ],
  ),
  sample("spreadsheet-row", spreadsheet, {
    formId: "1FAIpQLSample",
    ...spreadsheet,
    namedValues: {
      Timestamp: ["1/5/2026 11:10:00"],
      "Email Address": ["ada@example.com"],
      Name: ["Ada King"],
      "Mobile number": ["+1 202 555 0144"],
      Interests: ["Shoes, Bags"],
      Comments: [""],
    },
  }),
];
