import type { EventShown } from "../answers.ts";
import { refText } from "../parts.tsx";
import type { View } from "../view.ts";

/** What can be taken along: the request again, and the event as a test of its mapping. */
export function Copies({ view, event }: { readonly view: View; readonly event: EventShown }) {
  const [update] = event.updates;
  const payload =
    typeof event.payload === "string" ? event.payload : JSON.stringify(event.payload, undefined, 2);
  const expect = update
    ? ["    expect:", `      contact: ${JSON.stringify(refText(update.contact))}`, ...expected(update.patch)]
    : event.outcome === "ignored"
      ? ["    expect:", `      ignored: ${JSON.stringify(event.reason ?? true)}`]
      : ["    expect:", "      parked: true"];
  const example = [
    "examples:",
    `  - name: ${JSON.stringify(`${event.type} ${event.id}`)}`,
    `    type: ${JSON.stringify(event.type)}`,
    `    payload: |`,
    ...payload.split("\n").map((line) => `      ${line}`),
    ...expect,
  ];
  return (
    <section aria-labelledby="copies">
      <h2 id="copies">Take it along</h2>
      {view.isShown || event.withdrawn !== undefined ? null : (
        <p>Personal data is masked in these, too. Show it first to have what was really sent.</p>
      )}
      <Copy
        name="As curl"
        text={[
          `curl -H "Authorization: Bearer $ADMIN_TOKEN" '${view.address}/admin/events/${event.id}'`,
          `curl -X POST -H "Authorization: Bearer $ADMIN_TOKEN" '${view.address}/admin/events/${event.id}/replay'`,
        ].join("\n")}
      />
      {event.withdrawn === undefined ? (
        <Copy name="As an entry of examples:" text={example.join("\n")} />
      ) : null}
    </section>
  );
}

function expected(patch: EventShown["updates"][number]["patch"]): string[] {
  const { custom_fields: custom = [], ...core } = patch;
  return [
    ...Object.entries(core).map(([name, value]) => `      ${name}: ${JSON.stringify(value)}`),
    ...(custom.length === 0 ? [] : ["      custom_fields:"]),
    ...custom.map(({ name, value }) => `        ${JSON.stringify(name)}: ${JSON.stringify(value)}`),
  ];
}

export function Copy({ name, text }: { readonly name: string; readonly text: string }) {
  return (
    <details class="copy" data-copy>
      <summary>{name}</summary>
      <pre tabindex={0}>{text}</pre>
    </details>
  );
}
