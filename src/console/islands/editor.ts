import { acceptCompletion, autocompletion, type CompletionContext } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { ensureSyntaxTree, HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { completionsAt, type Problem, type Vocabulary } from "./completions.ts";
import { mapLanguage } from "./map-language.ts";

export interface Editor {
  /** These and no others, each at its line. */
  show(problems: readonly Problem[]): void;
  /** Where the text stops being what its language allows; undefined where it does not. */
  breaksAt(): Pick<Problem, "line" | "column"> | undefined;
}

interface EditorOptions {
  /** Stays in its form and holds what is written; without script it is all there is. */
  readonly field: HTMLTextAreaElement;
  readonly language: "map" | "json";
  /** What can be completed at present. */
  readonly vocabulary?: () => Vocabulary;
}

const theme = EditorView.theme({
  "&": {
    color: "var(--text)",
    backgroundColor: "var(--raised)",
    border: "1px solid var(--quiet)",
    borderRadius: "0.3rem",
  },
  "&.cm-focused": { outline: "3px solid var(--link)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "ui-monospace, monospace", fontSize: "0.87rem", lineHeight: "1.45" },
  ".cm-content": { caretColor: "var(--text)", minHeight: "23em" },
  ".cm-content ::selection, .cm-content::selection": { backgroundColor: "var(--mark)", color: "var(--text)" },
  ".cm-gutters": {
    backgroundColor: "var(--back)",
    color: "var(--quiet)",
    borderRight: "1px solid var(--line)",
  },
  ".cm-tooltip": { backgroundColor: "var(--raised)", color: "var(--text)", border: "1px solid var(--quiet)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li[aria-selected]": {
    backgroundColor: "var(--link)",
    color: "var(--raised)",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--bad)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string)], color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--warn)" },
  { tag: [tags.keyword, tags.definition(tags.propertyName)], color: "var(--link)" },
  { tag: [tags.comment, tags.lineComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: tags.invalid, color: "var(--bad)" },
]);

/** Tab completes or indents. After Escape it leaves, until something is written or the editor is left. */
const keys = keymap.of([
  { key: "Tab", run: (view) => acceptCompletion(view) || indentMore(view), shift: indentLess },
  {
    key: "Escape",
    run(view) {
      view.setTabFocusMode(true);
      return false;
    },
  },
]);

/** An editor in the field's place, within a root of its own: there its styles need no leave of the page's policy. */
export function mountEditor({ field, language, vocabulary }: EditorOptions): Editor {
  const label = document.querySelector<HTMLLabelElement>(`label[for="${field.id}"]`);
  const place = document.createElement("div");
  place.className = "editor";
  place.dataset["editor"] = field.id;
  const root = place.attachShadow({ mode: "open" });
  field.after(place);
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: field.value,
      extensions: [
        lineNumbers(),
        history(),
        EditorView.lineWrapping,
        language === "map" ? mapLanguage() : json(),
        syntaxHighlighting(colours),
        theme,
        vocabulary
          ? autocompletion({ override: [completing(vocabulary)], icons: false, interactionDelay: 0 })
          : [],
        keys,
        keymap.of([...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({
          "aria-label": `${label?.textContent ?? field.name}. Escape, then Tab, leaves the editor.`,
          spellcheck: "false",
        }),
        EditorView.domEventHandlers({
          blur: (_, left) => left.setTabFocusMode(false),
          beforeinput: replaceSelected,
        }),
        EditorView.updateListener.of(({ docChanged, state, view: changed }) => {
          if (!docChanged) return;
          changed.setTabFocusMode(false);
          field.value = state.doc.toString();
          field.dispatchEvent(new Event("input", { bubbles: true }));
        }),
      ],
    }),
  });
  field.hidden = true;
  label?.addEventListener("click", () => view.focus());
  return {
    show: (problems) =>
      view.dispatch(
        setDiagnostics(
          view.state,
          problems.map((problem) => placed(view.state, problem)),
        ),
      ),
    breaksAt: () => firstError(view.state),
  };
}

/** A browser that writes over what is selected by itself keeps its look, as a style that the page's policy refuses. */
function replaceSelected(event: InputEvent, view: EditorView): boolean {
  const isWritten = event.inputType === "insertText" && event.data !== null && !view.composing;
  if (!isWritten || view.state.selection.main.empty) return false;
  event.preventDefault();
  view.dispatch(view.state.replaceSelection(event.data ?? ""), { userEvent: "input.type" });
  return true;
}

function completing(vocabulary: () => Vocabulary) {
  return ({ state, pos, explicit }: CompletionContext) => {
    const { word, options } = completionsAt(state.sliceDoc(0, pos), vocabulary());
    if (options.length === 0 || (word === "" && !explicit)) return null;
    return { from: pos - word.length, options: options.map((option) => ({ label: option })) };
  };
}

/** A parser that has not come to the end within this time has not found it. */
const parseMs = 200;

function firstError(state: EditorState): Pick<Problem, "line" | "column"> | undefined {
  let at: number | undefined;
  ensureSyntaxTree(state, state.doc.length, parseMs)?.iterate({
    enter({ type, from }) {
      if (type.isError) at ??= from;
      return at === undefined;
    },
  });
  if (at === undefined) return undefined;
  const line = state.doc.lineAt(at);
  return { line: line.number, column: at - line.from + 1 };
}

/** From its place to the end of the line. */
function placed({ doc }: EditorState, { line, column = 1, message }: Problem): Diagnostic {
  const { from, to } = doc.line(Math.min(Math.max(line, 1), doc.lines));
  return { from: Math.min(from + column - 1, to), to, severity: "error", message };
}
