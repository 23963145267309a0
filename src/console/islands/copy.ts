/** A button beside everything that is there to be taken along. */
export function addCopyButtons(root: ParentNode): void {
  if (!navigator.clipboard) return;
  for (const place of root.querySelectorAll("[data-copy]")) {
    const text = place.querySelector("pre");
    if (!text) continue;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.addEventListener("click", () => void copy(button, text.textContent ?? ""));
    text.before(button);
  }
}

async function copy(button: HTMLButtonElement, text: string): Promise<void> {
  await navigator.clipboard.writeText(text);
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = "Copy"), 2_000);
}
