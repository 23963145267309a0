/** The reader's own time beside that of the server. */
export function showLocalTimes(root: ParentNode): void {
  const zone =
    new Date().getTimezoneOffset() === 0 ? undefined : new Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone === undefined) return;
  const format = new Intl.DateTimeFormat(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    day: "numeric",
    month: "short",
  });
  for (const time of root.querySelectorAll("time:not([data-local])")) {
    time.setAttribute("data-local", "");
    const at = new Date(time.getAttribute("datetime") ?? "");
    if (Number.isNaN(at.getTime())) continue;
    const local = document.createElement("span");
    local.className = "local";
    local.textContent = `${format.format(at)} here`;
    time.after(" ", local);
    const utc = `${at.toISOString().replace("T", " ").replace("Z", "")} UTC`;
    time.setAttribute("title", `${utc}, ${at.toLocaleString()} in ${zone}`);
  }
}
