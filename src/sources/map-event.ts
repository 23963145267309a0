import { coreFields, type CoreField, type FieldName, type FieldValue } from "../contact/contact-patch.ts";
import { contactRef, type ContactRef, type IdentifierKind } from "../contact/contact-ref.ts";
import type { FieldReport, MappingWarning, RelayEvent } from "../contact/event.ts";
import type { Writing } from "../contact/custom-field.ts";
import { withoutValue } from "../contact/normalized.ts";
import { isAbsent, splitFullName, type RegionCode } from "../contact/normalize.ts";
import type {
  Candidate,
  CandidateField,
  Candidates,
  JsonValue,
  Provider,
  ProviderMapping,
} from "../providers/provider.ts";
import { traceAnswers, type AnswersTrace } from "./answers-trace.ts";
import type { Expression } from "./expression.ts";
import { changingIdentifiers, type ChangingIdentifier, type FieldMapping } from "./field-mapping.ts";
import { countriesOf, type Countries, type NamedCountry } from "./phone-country.ts";
import { emptyReport, shownValue } from "./report.ts";
import {
  bindingOf,
  countryOf,
  evaluateRules,
  isPatched,
  phoneRegionOf,
  readCoreField,
  rulesOf,
  type Evaluated,
  type Rule,
  type RuleField,
  type Taken,
} from "./rules.ts";
import type { Mapped } from "./source.ts";

/** What mapping an event takes. */
export interface MappingPlan {
  readonly provider: Pick<Provider, "map">;
  readonly region: RegionCode | undefined;
  readonly identify: readonly IdentifierKind[];
  readonly writing: Writing;
  readonly when: Expression | undefined;
  readonly mapping: FieldMapping;
}

/** Maps the events of one source. Never rejects: what cannot be carried out is `failed`, so that it is kept. */
export function createSourceMapper(plan: MappingPlan): (event: RelayEvent) => Promise<Mapped> {
  const rules = rulesOf(plan.mapping, plan.region, plan.writing);
  return (event) => mapSourceEvent(plan, rules, event);
}

async function mapSourceEvent(plan: MappingPlan, rules: readonly Rule[], event: RelayEvent): Promise<Mapped> {
  try {
    const found = plan.provider.map(event);
    switch (found.kind) {
      case "nothing":
        return { kind: "ignored", reason: found.reason, warnings: [], report: emptyReport };
      case "erase":
        return erasure(plan, found);
      case "contact":
        return await mapContact(plan, rules, event, found);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { kind: "failed", message: `the event cannot be mapped: ${why}` };
  }
}

/** What is known of the update so far. */
interface Draft {
  readonly patch: Partial<Record<FieldName, FieldValue>>;
  readonly warnings: MappingWarning[];
  readonly fields: FieldReport[];
  /** Values that are there and name nobody: where each is and why, without the value. */
  readonly unreadable: { readonly kind: RuleField; readonly why: string }[];
  /** What the contact was named by before, where the event says so. */
  readonly was: Partial<Record<ChangingIdentifier, string>>;
  contactId: ContactRef | undefined;
}

async function mapContact(
  plan: MappingPlan,
  rules: readonly Rule[],
  event: RelayEvent,
  found: Extract<ProviderMapping, { kind: "contact" }>,
): Promise<Mapped> {
  const draft: Draft = {
    patch: {},
    warnings: [],
    fields: [],
    unreadable: [],
    was: {},
    contactId: undefined,
  };
  const trace = traceAnswers(found.root, found.answers);
  const filtered = plan.when && (await filter(plan.when, event, trace.root));
  if (filtered) return filtered;
  const evaluated = await evaluateRules(rules, event, trace.root);
  if (!evaluated.ok) return { kind: "failed", message: evaluated.message };
  const mapped = countryOf(evaluated.found);
  const countries = countriesOf(found.candidates, mapped);
  takeCandidates(plan, found.candidates, countries, draft, trace);
  takeFormer(plan, found, mapped, draft);
  const fieldsFound = Object.keys(draft.patch).length;
  for (const { rule, value } of evaluated.found) settle(draft, rule, value, countries.own);
  const { patch, warnings, fields } = draft;
  const report = { fields, unusedAnswers: trace.unused() };
  const contact = nameOf(plan.identify, draft);
  const isMapped = Object.keys(patch).length > fieldsFound;
  if (found.unlessMapped !== undefined && !isMapped) {
    return { kind: "ignored", reason: found.unlessMapped, warnings, report };
  }
  if (contact === undefined) {
    const message = unreadableMessage(plan.identify, draft);
    if (message !== undefined) return { kind: "unreadable", message, warnings, report };
    return { kind: "ignored", reason: "no-identifier", warnings, report };
  }
  if (Object.keys(patch).length === 0) return { kind: "ignored", reason: "no-fields", warnings, report };
  return { kind: "update", contact, patch, warnings, report };
}

/** What comes of an event for which the source's `when` is not true; undefined when it is. */
async function filter(when: Expression, event: RelayEvent, root: JsonValue): Promise<Mapped | undefined> {
  const given = await when.evaluate(root, bindingOf(event));
  if (given.kind !== "value") {
    return { kind: "failed", message: `the source's \`when\` cannot be worked out: ${given.message}` };
  }
  const { value } = given;
  if (value === true) return undefined;
  const why = value === undefined ? "it found nothing" : "it is not true";
  const report = { field: "when", from: when.text, was: shownValue(value), why };
  return {
    kind: "ignored",
    reason: "filtered",
    warnings: [],
    report: { fields: [report], unusedAnswers: [] },
  };
}

/** Why nobody could be found, though there is something to find somebody by. */
function unreadableMessage(identify: readonly IdentifierKind[], draft: Draft): string | undefined {
  const names = { phone: "phone number", email: "e-mail address" } as const;
  const parts = draft.unreadable.flatMap(({ kind, why }) =>
    (kind === "phone" || kind === "email") && identify.includes(kind) ? [`the ${names[kind]} ${why}`] : [],
  );
  return parts.length === 0 ? undefined : parts.join("; ");
}

/** The provider's own finds, for the fields that the source does not map itself. */
function takeCandidates(
  plan: MappingPlan,
  candidates: Candidates,
  countries: Countries,
  draft: Draft,
  trace: AnswersTrace,
): void {
  const { patch, warnings, fields } = draft;
  const region = phoneRegionOf(plan.mapping, plan.region);
  const fit = (field: CoreField, from: CandidateField) =>
    firstFit(candidates[from], ({ path, value }) =>
      readCoreField(field, value, region, countries.beside(path)),
    );
  const take = (field: CoreField, taken: Extract<Fit, { ok: true }>, value = taken.value) => {
    patch[field] = value;
    trace.taken(taken.path);
    if (taken.warning !== undefined) warnings.push({ field, message: taken.warning });
    fields.push({ field, from: taken.path, was: shownValue(taken.was), became: value, ...noteOf(taken) });
  };
  const refuse = (field: CandidateField, unfit: Fit | undefined) => {
    if (unfit?.ok !== false) return;
    warnings.push({ field, message: unfit.message });
    fields.push({ field, from: unfit.path, was: shownValue(unfit.was), why: unfit.message });
    if (field !== "fullName") draft.unreadable.push({ kind: field, why: `at ${unfit.path} ${unfit.why}` });
  };
  const isOwn = (field: CoreField) => !plan.mapping.core.has(field);
  const full = isOwn("firstName") ? fit("firstName", "fullName") : undefined;
  for (const field of coreFields) {
    if (!isOwn(field)) {
      if (plan.mapping.core.get(field) === "removed") {
        fields.push({ field, why: "left out by the source's map" });
      }
      continue;
    }
    const found = fit(field, field);
    if (found?.ok) take(field, found);
    else if (field === "firstName" && full?.ok) {
      const { firstName, title } = splitFullName(full.value);
      const note = title === undefined ? {} : { note: `the title '${title}' is left out` };
      take(field, { ...full, ...note }, firstName);
    } else if (field === "lastName" && splitsName(draft, full)) {
      take(field, full, splitFullName(full.value).lastName);
    } else if (found) refuse(field, found);
    else if (field === "firstName" && full) refuse("fullName", full);
    else fields.push({ field, why: "the payload has none" });
  }
}

/** The provider's own finds of what an identifier was before. One that cannot be read names nobody. */
function takeFormer(
  plan: MappingPlan,
  { was: former = {}, candidates }: Extract<ProviderMapping, { kind: "contact" }>,
  mapped: NamedCountry | undefined,
  draft: Draft,
): void {
  const region = phoneRegionOf(plan.mapping, plan.region);
  // Somebody who has moved had the former number in the former country.
  const countryCode = [...(former.countryCode ?? []), ...(candidates.countryCode ?? [])];
  const countries = countriesOf({ countryCode }, mapped);
  for (const kind of changingIdentifiers) {
    if (plan.mapping.was.has(kind) || isTakenElsewhere(plan.mapping, kind, candidates)) continue;
    const fit = firstFit(former[kind], ({ path, value }) =>
      readCoreField(kind, value, region, countries.beside(path)),
    );
    if (fit === undefined) continue;
    const about = { field: `was.${kind}`, from: fit.path, was: shownValue(fit.was) };
    if (fit.ok) draft.was[kind] = fit.value;
    draft.fields.push(
      fit.ok ? { ...about, became: fit.value, ...noteOf(fit) } : { ...about, why: fit.message },
    );
  }
}

/** Whether the source's map leaves a field out or takes another value for it: what that was before, nothing says. */
function isTakenElsewhere({ core }: FieldMapping, kind: ChangingIdentifier, candidates: Candidates): boolean {
  const rule = core.get(kind);
  if (rule === undefined) return false;
  return rule === "removed" || rule.expression.text !== candidates[kind]?.[0]?.path;
}

function noteOf({ note }: { readonly note?: string | undefined }): { note?: string } {
  return note === undefined ? {} : { note };
}

/** Whether the last name comes out of the full name: the first name did, and it has more than one word. */
function splitsName(draft: Draft, full: Fit | undefined): full is Extract<Fit, { ok: true }> {
  if (full?.ok !== true) return false;
  const { firstName, lastName } = splitFullName(full.value);
  const isFromFull = draft.fields.some(
    (report) => report.field === "firstName" && report.from === full.path && report.became === firstName,
  );
  return isFromFull && lastName !== undefined;
}

type Fit =
  | { ok: true; value: string; path: string; was: JsonValue; note?: string; warning?: string }
  /** `why`: the message without the value. */
  | { ok: false; message: string; why: string; path: string; was: JsonValue };

/** The first candidate that is fit; else why the first one is not; undefined when there is none. */
function firstFit(
  candidates: readonly Candidate[] | undefined,
  normalize: (candidate: Candidate) => Taken<string>,
): Fit | undefined {
  let refusal: Fit | undefined;
  for (const candidate of candidates ?? []) {
    const { path, value: was } = candidate;
    if (isAbsent(was)) continue;
    const taken = normalize(candidate);
    if (taken.ok) return { ...taken, path, was };
    const why = withoutValue(was, taken.message);
    refusal ??= { ok: false, message: `${taken.message} (${path})`, why, path, was };
  }
  return refusal;
}

function settle(
  draft: Draft,
  rule: Rule,
  found: Evaluated["value"],
  country: NamedCountry | undefined,
): void {
  const { field } = rule;
  const from = rule.expression.text;
  const unreadable = (why: string) =>
    draft.unreadable.push({ kind: field, why: `of the source's map ${why}` });
  switch (found.kind) {
    case "error":
      draft.warnings.push({ field, message: found.message });
      draft.fields.push({ field, from, why: found.message });
      unreadable("cannot be worked out: its expression meets an error");
      return;
    case "absent":
      if (rule.clear && isPatched(field)) {
        draft.patch[field] = null;
        draft.fields.push({ field, from, became: null });
      } else draft.fields.push({ field, from, why: "the expression found nothing" });
      return;
    case "present": {
      const was = shownValue(found.value);
      const taken = rule.normalize(found.value, country);
      if (!taken.ok) {
        draft.warnings.push({ field, message: taken.message });
        draft.fields.push({ field, from, was, why: taken.message });
        unreadable(withoutValue(found.value, taken.message));
        return;
      }
      if (field === "id") draft.contactId = contactRef("id", found.value);
      else if (isPatched(field)) draft.patch[field] = taken.value;
      else draft.was[field === "was.phone" ? "phone" : "email"] = String(taken.value);
      if (taken.warning !== undefined) draft.warnings.push({ field, message: taken.warning });
      draft.fields.push({ field, from, was, became: taken.value, ...noteOf(taken) });
    }
  }
}

/** The first kind that the update's own values carry names the contact, by its former value where it has changed. */
function nameOf(identify: readonly IdentifierKind[], draft: Draft): ContactRef | undefined {
  for (const kind of identify) {
    const name: ContactRef | undefined =
      kind === "id" ? draft.contactId : normalizedRef(kind, draft.was[kind] ?? draft.patch[kind]);
    if (name !== undefined) return name;
  }
  return undefined;
}

function normalizedRef(kind: "phone" | "email", value: FieldValue | undefined): ContactRef | undefined {
  return typeof value === "string" ? `${kind}:${value}` : undefined;
}

/** Read as mapping reads them: whoever is to be erased is known here by the name that mapping gave. */
function erasure(plan: MappingPlan, request: Extract<ProviderMapping, { kind: "erase" }>): Mapped {
  const region = phoneRegionOf(plan.mapping, plan.region);
  const contacts = new Set<ContactRef>();
  const unreadable = new Set<"phone" | "email">();
  const read = (kind: "phone" | "email", values: readonly string[]) => {
    for (const value of values.filter((value) => !isAbsent(value))) {
      const normalized = readCoreField(kind, value, region, undefined);
      if (normalized.ok) contacts.add(`${kind}:${normalized.value}`);
      else unreadable.add(kind);
    }
  };
  read("phone", request.phones);
  read("email", request.emails);
  if (contacts.size + unreadable.size === 0) {
    return { kind: "ignored", reason: "nobody-to-erase", warnings: [], report: emptyReport };
  }
  return { kind: "erase", contacts: [...contacts], unreadable: [...unreadable] };
}
