import { setTimeout as wait } from "node:timers/promises";
import { insistOn } from "../helpers/engines.ts";
import { signalFamily, startPostgres } from "../helpers/postgres-server.ts";
import { outageStorm, type StormServer } from "./outage-storm.ts";

const started = await startPostgres();
if (!started) insistOn("postgres");
/** A server that was only named is not ours to harm. */
const postgres = started?.pid === undefined ? undefined : started;

async function killed(forMs: number): Promise<void> {
  await postgres?.kill();
  await wait(forMs);
  await postgres?.start();
}

async function frozen(forMs: number): Promise<void> {
  signalFamily(postgres?.pid ?? 0, "SIGSTOP");
  await wait(forMs);
  signalFamily(postgres?.pid ?? 0, "SIGCONT");
}

const server: StormServer | undefined = postgres && {
  settings: { DATABASE_URL: postgres.url },
  outages: [() => killed(2_000), () => frozen(4_000), () => killed(200), () => frozen(500)],
  stop: () => postgres.stop(),
};

outageStorm("PostgreSQL", server);
