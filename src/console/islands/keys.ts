import { paused } from "./live.ts";

const editable = "input:not([type=checkbox]), textarea, select, [contenteditable]";

/** The keys that work on every page; in a field they are letters. */
export function listenToKeys(): void {
  for (const note of document.querySelectorAll<HTMLElement>("[data-keys]")) note.hidden = false;
  document.addEventListener("keydown", (event) => {
    const isPalette = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";
    if (isPalette) {
      event.preventDefault();
      void import("./palette.tsx").then(({ openPalette }) => openPalette());
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const { target } = event;
    // An editor has keys of its own.
    if (target instanceof HTMLElement && target.shadowRoot) return;
    if (target instanceof HTMLElement && target.matches(editable)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (document.querySelector("dialog[open]")) return;
    if (press(event.key)) event.preventDefault();
  });
}

function press(key: string): boolean {
  switch (key) {
    case "/":
      return focus("[data-query], [data-find]");
    case "j":
      return move(1);
    case "k":
      return move(-1);
    case "x":
      return choose();
    case "[":
      return follow(".pager a:not([rel])");
    case "]":
      return follow(".pager a[rel=next]");
    case ".":
      paused.value = !paused.value;
      return true;
    case "?":
      void import("./palette.tsx").then(({ openKeys }) => openKeys());
      return true;
    default:
      return false;
  }
}

function focus(selector: string): boolean {
  const field = document.querySelector<HTMLInputElement>(selector);
  field?.focus();
  field?.select();
  return field !== null;
}

function follow(selector: string): boolean {
  const link = document.querySelector<HTMLAnchorElement>(selector);
  link?.click();
  return link !== null;
}

/** To the link of the next row, where Enter opens it. */
function move(by: 1 | -1): boolean {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at === -1 ? (by === 1 ? 0 : rows.length - 1) : at + by];
  next?.querySelector<HTMLElement>("[data-open]")?.focus();
  next?.scrollIntoView({ block: "nearest" });
  return rows.length > 0;
}

function choose(): boolean {
  const row = document.activeElement?.closest("[data-row]");
  const box = row?.querySelector<HTMLInputElement>("input[type=checkbox]");
  box?.click();
  return box !== null && box !== undefined;
}
