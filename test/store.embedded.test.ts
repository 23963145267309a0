import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedStore } from "../src/store/postgres/embedded.ts";
import type { Store } from "../src/store/store.ts";
import { sampleOptions } from "./helpers/store-samples.ts";
import { storeContract } from "./store.contract.ts";

storeContract("embedded", async (overrides) => {
  const directory = await mkdtemp(join(tmpdir(), "relay-store-"));
  const options = sampleOptions(overrides);
  const openNow = async (): Promise<Store> => {
    const opened = await openEmbeddedStore(directory, options);
    if (!opened.ok) throw new Error(opened.message);
    return opened.store;
  };
  let store = await openNow();
  return {
    store,
    async reopen() {
      await store.close(5_000);
      store = await openNow();
      return store;
    },
    async dispose() {
      await store.close(5_000);
      await rm(directory, { recursive: true });
    },
  };
});
