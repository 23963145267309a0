import { effect, signal, type Signal } from "@preact/signals";

/** By the reader, with the key `.` or the button. */
export const paused: Signal<boolean> = signal(false);

const hidden = signal(document.hidden);
document.addEventListener("visibilitychange", () => (hidden.value = document.hidden));

/** What the page's own address says of workspace and masking, for questions to the API. */
export function pageParams(): URLSearchParams {
  const search = new URLSearchParams(location.search);
  const params = new URLSearchParams();
  const destination = search.get("destination");
  if (destination) params.set("destination", destination);
  if (search.get("personal") !== "shown") params.set("personal", "masked");
  return params;
}

export async function ask<Answer>(
  path: string,
  params: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const all = pageParams();
  for (const [name, value] of Object.entries(params)) if (value !== "") all.set(name, value);
  const answer = await fetch(`/admin${path}?${all.toString()}`, { headers: { accept: "application/json" } });
  // The session is over: the page says so by itself.
  if (answer.status === 401) location.reload();
  if (!answer.ok) throw new Error(String(answer.status));
  return (await answer.json()) as Answer;
}

/** Again and again, one question at a time, and none while nobody looks. */
export function every(ms: number, act: () => Promise<void>): void {
  let timer: number | undefined;
  let isAsking = false;
  async function once(): Promise<void> {
    if (isAsking) return;
    isAsking = true;
    await act().catch(() => undefined);
    isAsking = false;
    if (!paused.value && !hidden.value) timer = window.setTimeout(() => void once(), ms);
  }
  effect(() => {
    window.clearTimeout(timer);
    if (!paused.value && !hidden.value) timer = window.setTimeout(() => void once(), ms);
  });
}
