import { signal } from "@preact/signals";
import { render } from "preact";
import type { PreviewShown } from "../answers.ts";
import { valueText } from "../words.ts";
import { problemsOfMap, type Problem, type Vocabulary } from "./completions.ts";
import type { Editor } from "./editor.ts";
import { pageParams } from "./live.ts";

type Tried =
  { readonly ok: true; readonly preview: PreviewShown } | { readonly ok: false; readonly message: string };

const tried = signal<Tried | undefined>(undefined);
/** Of the last payload that could be read: one that is half written does not take it away. */
let found: readonly string[] | undefined;
const settleMs = 300;

/** What becomes of the payload, beside it as one types. The fields become editors as soon as these have come. */
export function tryAsYouType(at: HTMLElement): void {
  const form = at as HTMLFormElement;
  const map = form.querySelector<HTMLTextAreaElement>("[data-map]");
  const place = document.querySelector("[data-result]");
  if (!map || !place) return;
  let timer: number | undefined;
  let latest = 0;
  let editors: Editors | undefined;
  async function tryNow(): Promise<void> {
    latest += 1;
    const own = latest;
    const answer = await ask(form);
    if (own !== latest || !place) return;
    if (tried.value === undefined) place.replaceChildren();
    tried.value = answer;
    if (answer.ok && answer.preview.paths.length > 0) found = answer.preview.paths;
    render(<Result />, place);
    editors?.show(answer);
  }
  form.addEventListener("input", () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => {
      void tryNow();
    }, settleMs);
  });
  async function edit(own: HTMLTextAreaElement, result: Element): Promise<void> {
    editors = await mountEditors(form, own);
    const said = [...result.querySelectorAll("li")].map(({ textContent }) => textContent ?? "");
    if (said.length > 0) editors.show({ ok: false, message: said.join("\n") });
  }
  void edit(map, place);
}

interface Editors {
  show(answer: Tried): void;
}

/** What is offered besides: what the page knows of the recorded event, and what came of the last try. */
async function mountEditors(form: HTMLFormElement, map: HTMLTextAreaElement): Promise<Editors> {
  const { mountEditor } = await import("./editor.ts");
  const pasted = form.querySelector<HTMLTextAreaElement>("textarea[name=payload]");
  const listed = (name: string) => JSON.parse(form.dataset[name] ?? "[]") as string[];
  const fields = listed("fields");
  const paths = listed("paths");
  const vocabulary = (): Vocabulary => ({ paths: found ?? paths, fields, custom: customFields() });
  const ofMap = mountEditor({ field: map, language: "map", vocabulary });
  const ofPayload = pasted ? mountEditor({ field: pasted, language: "json" }) : undefined;
  return {
    show(answer) {
      ofMap.show(answer.ok ? [] : problemsOfMap(answer.message));
      ofPayload?.show(answer.ok ? problemsOfPayload(answer.preview, ofPayload) : []);
    },
  };
}

function customFields(): readonly string[] {
  const answer = tried.value;
  const fields = answer?.ok ? answer.preview.events.flatMap(({ mapping }) => mapping?.fields ?? []) : [];
  return fields.flatMap(({ field }) => /^custom_fields\.(.+)$/.exec(field)?.[1] ?? []);
}

/** In the relay's words, where the text stops being what it begins as; else at its first line. */
function problemsOfPayload({ events }: PreviewShown, editor: Editor): readonly Problem[] {
  const wrong = events.find(({ outcome }) => outcome === "malformed" || outcome === "unsupported");
  if (!wrong) return [];
  return [{ line: 1, ...editor.breaksAt(), message: wrong.message ?? wrong.reason ?? wrong.outcome }];
}

async function ask(form: HTMLFormElement): Promise<Tried> {
  const fields = new FormData(form);
  const text = (name: string) => {
    const value = fields.get(name);
    return typeof value === "string" ? value : "";
  };
  const event = text("event");
  const asked = event === "" ? { source: text("source"), payload: text("payload") } : { event };
  const map = text("map").trim() === "" ? {} : { map: text("map") };
  const params = pageParams();
  try {
    const answer = await fetch(`/admin/preview?${params.toString()}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ ...asked, ...map }),
    });
    const body = (await answer.json()) as PreviewShown & { error?: { message: string } };
    return body.error ? { ok: false, message: body.error.message } : { ok: true, preview: body };
  } catch {
    return { ok: false, message: "The relay does not answer." };
  }
}

function Result() {
  const answer = tried.value;
  if (!answer) return null;
  if (!answer.ok) {
    return (
      <ul class="trouble">
        {answer.message.split("\n").map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    );
  }
  const { events, updates } = answer.preview;
  return (
    <section aria-label="What it becomes">
      <h2>What it becomes</h2>
      {events.map(({ type, outcome, reason, message, mapping }, index) => (
        <div key={index}>
          <p class="sentence">
            <span class="state">{outcome}</span> {type} {reason} {message}{" "}
            {updates[index] ? `for ${updates[index].contact.replace(/~[\w-]{17,}$/, "")}` : ""}
          </p>
          <div class="scroll">
            <table>
              <thead>
                <tr>
                  {["Field", "From", "Was", "Became", "Why"].map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {mapping?.fields.map(({ field, from, was, became, note, why }) => (
                  <tr key={field}>
                    <th scope="row">{field.replace(/^custom_fields\./, "")}</th>
                    <td>
                      <code>{from}</code>
                    </td>
                    <td>{valueText(was)}</td>
                    <td>{valueText(became)}</td>
                    <td>{why ?? note}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </div>
      ))}
      <pre tabIndex={0}>
        {JSON.stringify(
          updates.map(({ patch }) => patch),
          undefined,
          2,
        )}
      </pre>
    </section>
  );
}
