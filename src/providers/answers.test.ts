import { describe, expect, it } from "vitest";
import { mapAnswers } from "./answers.ts";
import type { Answer } from "./provider.ts";

function found(...answers: Omit<Answer, "path">[]) {
  const mapped = mapAnswers(
    {},
    answers.map((answer, index) => ({ path: String(index), ...answer })),
  );
  return Object.fromEntries(
    Object.entries(mapped.candidates).map(([field, list]) => [field, list.map(({ value }) => value)]),
  );
}

describe("the answers of a form", () => {
  it("are candidates by their type and by their label, the surest first", () => {
    expect(
      found(
        { label: "Your manager's address", field: "email", value: "boss@example.com" },
        { label: "Mail", value: "second@example.com" },
        { label: "Email", value: "first@example.com" },
        { label: "Email", field: "email", value: "typed@example.com" },
      ),
    ).toEqual({
      email: ["typed@example.com", "first@example.com", "second@example.com", "boss@example.com"],
    });
  });

  it("are what their type says, whatever the label says", () => {
    expect(found({ label: "Phone", field: "email", value: "a@example.com" })).toEqual({
      email: ["a@example.com"],
    });
  });

  it("count with one value: blank, several choices and objects are none", () => {
    expect(
      found(
        { label: "Name", value: "  " },
        { label: "Phone", value: ["+6591234567", "+6591234568"] },
        { label: "Country", value: ["Malaysia"] },
        { label: "Email", value: { address: "a@example.com" } },
        { label: "Language", value: true },
      ),
    ).toEqual({ countryCode: ["Malaysia"] });
  });

  it("are named by reference, key and label, in that order where two share a name", () => {
    const mapped = mapAnswers({ kept: 1, answers: "of the payload" }, [
      { path: "a", key: "q1", label: "size", value: "by label" },
      { path: "b", ref: "size", key: "q2", label: "T-shirt size", value: "by reference" },
      { path: "c", key: "__proto__", label: "", value: "harmless" },
    ]);
    expect(mapped.root).toEqual({
      kept: 1,
      answers: Object.fromEntries([
        ["size", "by reference"],
        ["q1", "by label"],
        ["q2", "by reference"],
        ["__proto__", "harmless"],
        ["T-shirt size", "by reference"],
      ]),
    });
  });

  it("come before what is found elsewhere in the payload", () => {
    const mapped = mapAnswers({}, [{ path: "a", label: "Email", value: "answer@example.com" }], {
      email: [{ path: "hidden.email", value: "hidden@example.com" }],
    });
    expect(mapped.candidates.email?.map(({ path }) => path)).toEqual(["a", "hidden.email"]);
  });

  it("come after what the sender's own fields say", () => {
    const answers = [{ path: "a", label: "Email", value: "answer@example.com" }];
    const mapped = mapAnswers(
      {},
      answers,
      { email: [{ path: "hidden.email", value: "hidden@example.com" }] },
      { email: [{ path: "booker.email", value: "booker@example.com" }], phone: [{ path: "p", value: "1" }] },
    );
    expect(mapped.candidates.email?.map(({ path }) => path)).toEqual(["booker.email", "a", "hidden.email"]);
    expect(mapped.candidates.phone).toEqual([{ path: "p", value: "1" }]);
  });
});
