import { StreamLanguage } from "@codemirror/language";

const words = /^(?:and|or|in|true|false|null|function)\b/;

/** As much of JSONata as colours need: one token after the other. */
export const jsonata = StreamLanguage.define<object>({
  name: "jsonata",
  startState: () => ({}),
  token(stream) {
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\*.*?(?:\*\/|$)/)) return "comment";
    if (stream.match(/^"(?:[^"\\]|\\.)*"?|^'(?:[^'\\]|\\.)*'?/)) return "string";
    if (stream.match(/^\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/)) return "number";
    if (stream.match(/^\$\w+(?=\s*\()/)) return "keyword";
    if (stream.match(/^\$\w*/)) return "atom";
    if (stream.match(words)) return "keyword";
    if (stream.match(/^`[^`]*`?|^[A-Za-z_]\w*/)) return "propertyName";
    stream.next();
    return "operator";
  },
});
