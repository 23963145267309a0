#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";
import { parseEnv } from "node:util";
import { Argument, Command, CommanderError, Option } from "commander";
import { listAudit } from "./commands/audit.ts";
import { check } from "./commands/check.ts";
import { eraseContact, showContact } from "./commands/contact.ts";
import { demo } from "./commands/demo/demo.ts";
import { listEvents, showEvent, type EventsCommand } from "./commands/events.ts";
import { groupCommands } from "./commands/group-commands.ts";
import {
  dropFailure,
  listFailures,
  retryFailures,
  showFailure,
  type FailureOptions,
} from "./commands/failures.ts";
import type { ExitCode, Io } from "./commands/io.ts";
import { map } from "./commands/map.ts";
import { move, type MoveOptions } from "./commands/move/move.ts";
import { notifyTest } from "./commands/notify.ts";
import { collect, wholeNumber } from "./commands/option-readers.ts";
import { listReplays, replay, showReplay, stopReplay, type ReplayOptions } from "./commands/replay.ts";
import { sandboxCommand } from "./commands/sandbox-command.ts";
import { status, type StatusOptions } from "./commands/status.ts";
import { schema, schemas } from "./commands/schema.ts";
import { send } from "./commands/send.ts";
import { serve } from "./commands/serve.ts";
import { version } from "./commands/version.ts";

const dotEnv = new Set(
  existsSync(".env")
    ? Object.keys(parseEnv(readFileSync(".env", "utf8"))).filter((name) => !(name in process.env))
    : [],
);
if (existsSync(".env")) process.loadEnvFile(".env");

async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  // Who ends the input has not said yes.
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  const answer = await Promise.race([lines.question(question), ended]);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}

const io: Io = {
  env: process.env,
  dotEnv,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  ...(process.stdout.isTTY && process.stderr.isTTY && process.env["TERM"] !== "dumb"
    ? { terminal: { columns: () => process.stderr.columns } }
    : {}),
  ...(process.stdin.isTTY && process.stderr.isTTY ? { confirm } : {}),
  onHangup(callback) {
    process.on("SIGHUP", callback);
    return () => void process.off("SIGHUP", callback);
  },
  stopRequested: new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => resolve(signal));
  }),
};

interface SendOptions {
  readonly source: string;
  readonly sample?: string;
  readonly list: boolean;
  readonly url?: string;
  readonly type?: string;
  readonly header: string[];
  readonly json: boolean;
}

let exitCode: ExitCode = 0;

const program = new Command("contact-relay")
  .description("Brings contact data from forms, shops and buses to the Aelyst contact API.")
  .version(version)
  .showHelpAfterError()
  .exitOverride();

program
  .command("serve")
  .description("run the service; all settings come from the environment and .env (see .env.example)")
  .action(async () => {
    exitCode = await serve(io);
  });

program
  .command("demo")
  .description(
    "first contact: real signed traffic through the whole relay against a sandbox API, no services needed",
  )
  .option("--json", "print the summary as JSON", false)
  .option("--redis <url>", "a Redis for the demo's bus; default: one on this machine, where it answers")
  .action(async (options: { json: boolean; redis?: string }) => {
    exitCode = await demo(options, io);
  });

program
  .command("check")
  .description(
    "read the configuration, name every problem at once, try the store and the API without writing",
  )
  .option("--workspace", "read the workspace's custom fields too, and compare every map with them", false)
  .option("--print", "print every setting in force, secrets masked, and where each came from", false)
  .option("--json", "print the result as JSON", false)
  .action(async (options: { json: boolean; print: boolean; workspace: boolean }) => {
    exitCode = await check(options, io);
  });

program
  .command("status")
  .description("how a running relay is: its store, the API, what waits, what is parked, its buses")
  .option("--url <url>", "where the relay is; this machine, at PORT, by default")
  .option("--watch", "again every two seconds, until it is stopped", false)
  .option("--json", "print its answer as JSON", false)
  .action(async (options: StatusOptions) => {
    exitCode = await status(options, io);
  });

program
  .command("schema")
  .description("print the JSON Schema of the sources file or of the settings, for editors")
  .addArgument(new Argument("[which]", "which one").choices(schemas).default("sources"))
  .option("--json", "JSON is what it prints in any case", false)
  .action((which: (typeof schemas)[number]) => {
    exitCode = schema(which, io);
  });

program
  .command("map")
  .description("dry run: print the updates that a payload would produce, or why none")
  .requiredOption("--source <name>", "a configured source, or a provider's name")
  .option("--type <type>", "the event's type where the provider sends it in a header, such as orders/create")
  .option("--header <'Name: value'>", "a request header; may be repeated", collect, [])
  .option("--paths", "also print what a map may name: each value by the expression that finds it", false)
  .argument("<file>", "the payload, - for standard input")
  .option("--json", "JSON is what it prints in any case", false)
  .action(
    async (file: string, given: { source: string; type?: string; header: string[]; paths: boolean }) => {
      const { source, type, header: headers, paths } = given;
      exitCode = await map({ source, type, headers, paths, file }, io);
    },
  );

program
  .command("send")
  .description("post a sample event of a source's provider, signed, to a running relay")
  .requiredOption("--source <name>", "a configured source: its provider makes the event, its secret signs it")
  .option("--sample <name>", "which sample; the provider's first one by default")
  .option("--list", "list the samples instead", false)
  .option("--url <url>", "where the relay is; this machine, at PORT, by default")
  .option("--type <type>", "the event's type where the provider sends it in a header, such as orders/create")
  .option("--header <'Name: value'>", "a request header; may be repeated", collect, [])
  .argument("[file]", "a payload of your own in place of a sample, - for standard input")
  .option("--json", "print the answer as JSON", false)
  .action(async (file: string | undefined, given: SendOptions) => {
    const { source, sample, list, url, type, header: headers, json } = given;
    exitCode = await send({ source, sample, list, url, type, headers, json, file }, io);
  });

sandboxCommand(program.command("sandbox"), io, (code) => {
  exitCode = code;
});

program
  .command("notify")
  .description("notices that a person is needed")
  .command("test")
  .description("post a notice that says it is a test to every address of NOTIFY_URL, once")
  .option("--json", "print the answers as JSON", false)
  .action(async (options: { json: boolean }) => {
    exitCode = await notifyTest(options, io);
  });

const failures = program
  .command("failures")
  .description("what is set aside for a person: events and deliveries");

failures
  .command("list", { isDefault: true })
  .description("list everything that is parked, or what fits")
  .option("--reason <reason>", "such as invalid or contact-not-found")
  .option("--source <name>", "the source of a parked event")
  .option("--contact <ref>", "the contact of a parked delivery")
  .option("--field <name>", "such as email or custom_fields.Plan")
  .option("--json", "print it as JSON", false)
  .addOption(destinationOption())
  .action(async (options: FailureOptions & { json: boolean; destination?: string }) => {
    exitCode = await listFailures(options, io);
  });

failures
  .command("show")
  .description("print one parked item, complete, as JSON")
  .argument("<id>")
  .option("--json", "JSON is what it prints in any case", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { destination?: string }) => {
    exitCode = await showFailure(id, options, io);
  });

failures
  .command("retry")
  .description("deliver parked items again; newer values are never overwritten")
  .argument("[ids...]")
  .option("--all", "everything that is parked now", false)
  .option("--reason <reason>", "what is parked for it, in place of ids")
  .option("--source <name>", "the events of this source, in place of ids")
  .option("--contact <ref>", "what is parked of this contact, in place of ids")
  .option("--field <name>", "the pieces of this field, in place of ids")
  .option("--json", "print the result as JSON", false)
  .addOption(destinationOption())
  .action(
    async (
      ids: string[],
      options: FailureOptions & { all: boolean; json: boolean; destination?: string },
    ) => {
      exitCode = await retryFailures(ids, options, io);
    },
  );

failures
  .command("drop")
  .description("forget a parked item for good")
  .argument("<id>")
  .option("--json", "print the result as JSON", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { json: boolean; destination?: string }) => {
    exitCode = await dropFailure(id, options, io);
  });

groupCommands(failures, { io, destinationOption, ended: (code) => (exitCode = code) });

const events = program.command("events").description("what came in, and what became of it");

events
  .command("list", { isDefault: true })
  .description("list events, newest first")
  .option("--from <time>", "accepted at or after it: an ISO time, a date, 24h (ago), today, yesterday")
  .option("--to <time>", "accepted before it; now by default")
  .option("--source <name>", "the source that received them")
  .option("--type <type>", "the provider's event type, such as orders/create")
  .option("--state <state>", "waiting, active, delayed, completed, or failed: what could not be mapped")
  .option("--contact <ref>", "those that spoke of this contact")
  .option("--limit <n>", "how many at most", wholeNumber(1, 100_000), 50)
  .option("--json", "print them as JSON", false)
  .addOption(destinationOption())
  .action(async (options: EventsCommand) => {
    exitCode = await listEvents(options, io);
  });

events
  .command("show")
  .description("print one event, its payload and what became of it, as JSON")
  .argument("<id>")
  .option("--json", "JSON is what it prints in any case", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { destination?: string }) => {
    exitCode = await showEvent(id, options, io);
  });

program
  .command("replay")
  .description("map events again with the current mapping and deliver them; never over anything newer")
  .argument("[ids...]", "single events; without them, all that the filter finds")
  .option("--from <time>", "accepted at or after it: an ISO time, a date, 24h (ago), today, yesterday")
  .option("--to <time>", "accepted before it; now by default")
  .option("--source <name>", "the source that received them")
  .option("--type <type>", "the provider's event type, such as orders/create")
  .option("--state <state>", "completed, or failed: what could not be mapped")
  .option("--contact <ref>", "those that spoke of this contact")
  .option("--share <n>", "of the destination's rate, above 0 and at most 1; 0.2 by default", Number)
  .option("--dry-run", "only say what would change", false)
  .option("--sample <n>", "how many events a dry run looks at; 1000 by default", wholeNumber(1, 10_000))
  .option("--yes", "begin at once, without a dry run and without asking", false)
  .option("--wait", "show how far it is until it is over", false)
  .option("--json", "print the result as JSON", false)
  .addOption(destinationOption())
  .action(async (ids: string[], options: ReplayOptions) => {
    exitCode = await replay(ids, options, io);
  });

const replays = program
  .command("replays")
  .description("replays by a filter: how far they are, and stopping them");

replays
  .command("list", { isDefault: true })
  .description("list them, newest first")
  .option("--json", "print them as JSON", false)
  .addOption(destinationOption())
  .action(async (options: { json: boolean; destination?: string }) => {
    exitCode = await listReplays(options, io);
  });

replays
  .command("show")
  .description("print one, as JSON; with --watch show how far it is until it is over")
  .argument("<id>")
  .option("--watch", "until it is over", false)
  .option("--json", "JSON is what it prints in any case but --watch", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { watch: boolean; json: boolean; destination?: string }) => {
    exitCode = await showReplay(id, options, io);
  });

replays
  .command("stop")
  .description("set nothing more waiting; what waits already goes on")
  .argument("<id>")
  .option("--json", "print it as JSON", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { json: boolean; destination?: string }) => {
    exitCode = await stopReplay(id, options, io);
  });

const contact = program.command("contact").description("what the relay knows of a contact");

contact
  .command("show")
  .description("print what waits and what was applied, by which event, as JSON")
  .argument("<ref>", "phone:+60123456789, email:name@example.com or id:123")
  .option("--json", "JSON is what it prints in any case", false)
  .addOption(destinationOption())
  .action(async (ref: string, options: { destination?: string }) => {
    exitCode = await showContact(ref, options, io);
  });

contact
  .command("erase")
  .description("delete every trace of a contact here; at the API it stays as it is")
  .argument("<ref>", "phone:+60123456789, email:name@example.com or id:123")
  .option("--json", "print the result as JSON", false)
  .option("--person", "with every reference that the API takes for the same contact", false)
  .addOption(destinationOption())
  .action(async (ref: string, options: { json: boolean; person: boolean; destination?: string }) => {
    exitCode = await eraseContact(ref, options, io);
  });

program
  .command("audit")
  .description("who did what: replays, retries, drops, erasures, reloads of sources; newest first")
  .option("--limit <n>", "how many entries", wholeNumber(1, 100_000), 50)
  .option("--json", "print it as JSON", false)
  .addOption(destinationOption())
  .action(async (options: { limit: number; json: boolean; destination?: string }) => {
    exitCode = await listAudit(options, io);
  });

program
  .command("move")
  .description("carry everything that matters from one store to another; the source is only read")
  .option("--from <store>", "a data directory (or file:<directory>), redis://… or postgres://…; required")
  .option("--to <store>", "the same; required")
  .option("--from-prefix <prefix>", "the source's STORE_PREFIX; the configured one by default")
  .option("--to-prefix <prefix>", "the target's STORE_PREFIX; the configured one by default")
  .option("--merge", "into a target that holds work already: the newest value of each field wins", false)
  .option("--json", "print the summary as JSON", false)
  .addHelpText(
    "after",
    "\nThe configured store is named by $REDIS_URL, $DATABASE_URL or, with neither, DATA_DIR (./data).\n" +
      "Stop the relay first. A move that was cut off goes on when it is run again.",
  )
  .action(async (given: Partial<MoveOptions>) => {
    const { from, to, fromPrefix, toPrefix, merge = false, json = false } = given;
    exitCode = await move({ from, to, fromPrefix, toPrefix, merge, json }, io);
  });

function destinationOption(): Option {
  return new Option("--destination <name>", "which workspace, where the sources file names several");
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  exitCode = error.exitCode === 0 ? 0 : 2;
}
// What is still open belongs to a shutdown that missed its deadline.
process.exit(exitCode);
