// Opens the embedded store of the built relay in a process of its own: `node embedded-child.mjs <directory> <task>`.
// Says what happened as JSON lines on standard output, and stays until it is killed.
import { openEmbeddedStore } from "../../dist/store/postgres/embedded.js";

const [directory = "", task = "hold"] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const opened = await openEmbeddedStore(directory, {
  prefix: "child",
  ceiling: 50,
  retentionMs: 60_000,
  retentionEvents: 1_000,
  onError: (error, where) => say({ error: `${where}: ${error.message}` }),
});
if (!opened.ok) {
  say({ refused: opened.message });
  process.exit(1);
}
const { store } = opened;
say({ ready: true });
setInterval(() => undefined, 1_000);

if (task === "accept") {
  for (let n = 0; ; n += 1) {
    const event = {
      id: `evt_${process.pid}x${n}`,
      source: "shop",
      provider: "shopify",
      identity: `${process.pid}x${n}`,
      type: "orders/create",
      attributes: {},
      occurredAt: 1,
      receivedAt: 1,
      replay: 0,
      payload: `{"n":${n}}`,
    };
    await store.events.accept([event]);
    say({ accepted: event.id });
  }
}

if (task === "work") {
  const contact = "email:ann@example.com";
  await store.wake(contact);
  store.startWorker(
    async () => {
      await store.wake(contact);
      say({ working: contact });
      await new Promise(() => undefined);
    },
    { concurrency: 1 },
  );
}
