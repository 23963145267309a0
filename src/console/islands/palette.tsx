import { render } from "preact";

const places = [
  ["Overview", ""],
  ["Events", "/events"],
  ["Events that failed", "/events?q=state:failed"],
  ["Contacts", "/contacts"],
  ["Parked", "/parked"],
  ["Replays", "/replays"],
  ["Sources", "/sources"],
  ["Playground", "/playground"],
  ["System", "/system"],
  ["Reference of the HTTP API", "/reference"],
] as const;

const keys = [
  ["/", "to the search"],
  ["j k", "next and previous row"],
  ["Enter", "open the row"],
  ["x", "choose the row"],
  ["[ ]", "newest and older page"],
  [".", "pause what is live, or go on"],
  ["Ctrl K", "go to anything: a page, an id, an e-mail, a phone number"],
  ["?", "these keys"],
] as const;

function open(content: preact.ComponentChildren, label: string): HTMLDialogElement {
  document.querySelector("dialog[data-palette]")?.remove();
  const dialog = document.createElement("dialog");
  dialog.setAttribute("data-palette", "");
  dialog.setAttribute("aria-label", label);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  render(content, dialog);
  dialog.showModal();
  return dialog;
}

export function openPalette(): void {
  const dialog = open(
    <form action="/console/find">
      <input
        type="search"
        name="q"
        aria-label="Go to"
        placeholder="A page, an id, an e-mail, a phone number"
        autocomplete="off"
        onInput={narrow}
      />
      <ul class="plain">
        {places.map(([name, path]) => (
          <li key={path}>
            <a href={`/console${path}`}>{name}</a>
          </li>
        ))}
      </ul>
    </form>,
    "Go to",
  );
  dialog.querySelector("input")?.focus();
  dialog.querySelector("form")?.addEventListener("submit", (event) => {
    const [only, ...others] = dialog.querySelectorAll<HTMLAnchorElement>("li:not([hidden]) a");
    if (!only || others.length > 0) return;
    event.preventDefault();
    location.assign(only.href);
  });
}

function narrow(event: Event): void {
  const field = event.currentTarget as HTMLInputElement;
  const text = field.value.trim().toLowerCase();
  for (const item of field.form?.querySelectorAll<HTMLElement>("li") ?? []) {
    item.hidden = !(item.textContent ?? "").toLowerCase().includes(text);
  }
}

export function openKeys(): void {
  open(
    <form method="dialog">
      <h2>Keys</h2>
      <dl class="keys">
        {keys.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="submit">Close</button>
    </form>,
    "Keys",
  );
}
