import { isReachable, mapAnswers } from "../answers.ts";
import { at, isList, isObject, parseJson } from "../body.ts";
import type { Answer, JsonValue, MappableEvent, ProviderMapping } from "../provider.ts";
import { answersOf } from "./answers.ts";

/** The root is the whole event with `answers`. What was asked comes before hidden and calculated fields. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root: JsonValue = read.ok ? read.value : null;
  const fields = at(root, "data.fields");
  if (!isObject(root) || !isList(fields)) return { kind: "nothing", reason: "no-answers", root };
  const answers = answersOf(fields);
  const of = (origin: string) => answers.filter((answer) => answer.origin === origin);
  const candidatesWith = (others: readonly Answer[]) =>
    mapAnswers(root, of("asked"), mapAnswers(root, others).candidates).candidates;
  const named = candidatesWith(of("unasked"));
  const payer = of("payer");
  // Who pays may be somebody else: it counts only when nothing else says who answered.
  const complete = payer.length === 0 || isReachable(named);
  return {
    ...mapAnswers(root, answers),
    candidates: complete ? named : candidatesWith([...of("unasked"), ...payer]),
  };
}
