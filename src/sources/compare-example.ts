import { patchEntries } from "../contact/contact-patch.ts";
import type { Expectation } from "./examples.ts";
import type { Foretold, Mapped } from "./source.ts";

/** The differences between what was expected and what came, one readable line each; none when they are the same. */
export function differences(expected: Expectation, mapped: Foretold): string[] {
  if (mapped.kind === "failed") return [`the mapping failed: ${mapped.message}`];
  if (mapped.kind === "later") return [`nothing can be told of it yet: ${mapped.message}`];
  switch (expected.kind) {
    case "ignored":
      if (mapped.kind !== "ignored") return [`expected to be ignored, but it ${told(mapped)}`];
      if (expected.reason === undefined || expected.reason === mapped.reason) return [];
      return [`expected to be ignored as ${expected.reason}, but it was as ${mapped.reason}`];
    case "parked":
      if (mapped.kind !== "unreadable") return [`expected to be parked, but it ${told(mapped)}`];
      if (expected.reason === undefined || expected.reason === "unreadable-identifier") return [];
      return [`expected to be parked as ${expected.reason}, but it ${told(mapped)}`];
    case "erase": {
      if (mapped.kind !== "erase") return [`expected to erase, but it ${told(mapped)}`];
      const missing = expected.contacts.filter((contact) => !mapped.contacts.some((one) => one === contact));
      const extra = mapped.contacts.filter((contact) => !expected.contacts.includes(contact));
      return [
        ...missing.map((one) => `does not erase ${one}`),
        ...extra.map((one) => `erases ${one} too`),
        ...mapped.unreadable.map((kind) => `cannot read the ${kind} of whom to erase`),
      ];
    }
    case "update":
      if (mapped.kind !== "update") return [`expected an update, but it ${told(mapped)}`, ...reasons(mapped)];
      return updateDifferences(expected, mapped);
  }
}

function updateDifferences(
  expected: Extract<Expectation, { kind: "update" }>,
  mapped: Extract<Mapped, { kind: "update" }>,
): string[] {
  const lines: string[] = [];
  if (expected.contact !== undefined && expected.contact !== mapped.contact) {
    lines.push(`contact: expected ${expected.contact}, got ${mapped.contact}`);
  }
  const got = new Map<string, unknown>(patchEntries(mapped.patch));
  const why = new Map(mapped.report.fields.map((field) => [field.field, field.why]));
  for (const [field, value] of Object.entries(expected.fields)) {
    if (!got.has(field)) {
      const because = why.get(field);
      lines.push(
        `${field}: expected ${JSON.stringify(value)}, got nothing${because === undefined ? "" : ` (${because})`}`,
      );
    } else if (got.get(field) !== value) {
      lines.push(`${field}: expected ${JSON.stringify(value)}, got ${JSON.stringify(got.get(field))}`);
    }
  }
  for (const [field, value] of got) {
    if (!Object.hasOwn(expected.fields, field)) {
      lines.push(`${field}: expected nothing, got ${JSON.stringify(value)}`);
    }
  }
  return lines;
}

function told(mapped: Exclude<Mapped, { kind: "failed" }>): string {
  if (mapped.kind === "update") return `updates ${mapped.contact}`;
  if (mapped.kind === "erase") return `erases ${mapped.contacts.join(", ")}`;
  if (mapped.kind === "unreadable") return `is parked as unreadable-identifier: ${mapped.message}`;
  return `is ignored as ${mapped.reason}`;
}

function reasons(mapped: Exclude<Mapped, { kind: "failed" | "update" }>): string[] {
  if (mapped.kind === "erase") return [];
  return mapped.warnings.map(({ field, message }) => `${field}: ${message}`);
}
