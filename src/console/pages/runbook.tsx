import { raw } from "hono/html";
import { Empty } from "../parts.tsx";

/** What to do when something needs a person: the runbook of the documents, as it was when the relay was built. */
export function Runbook({ html }: { readonly html: string }) {
  return (
    <>
      <h1>Runbook</h1>
      {html === "" ? (
        <Empty>It was not built in. It is in docs/operations.md.</Empty>
      ) : (
        <div class="runbook">{raw(html)}</div>
      )}
    </>
  );
}
