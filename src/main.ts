#!/usr/bin/env node
import { existsSync, readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { check } from "./commands/check.ts";
import { eraseContact, showContact } from "./commands/contact.ts";
import { demo } from "./commands/demo/demo.ts";
import { dropFailure, listFailures, retryFailures, showFailure } from "./commands/failures.ts";
import type { ExitCode, Io } from "./commands/io.ts";
import { map } from "./commands/map.ts";
import { move, type MoveOptions } from "./commands/move/move.ts";
import { sandbox } from "./commands/sandbox.ts";
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

const io: Io = {
  env: process.env,
  dotEnv,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
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
  .action(async (options: { json: boolean }) => {
    exitCode = await demo(options, io);
  });

program
  .command("check")
  .description(
    "read the configuration, name every problem at once, try the store and the API without writing",
  )
  .option("--print", "print every setting in force, secrets masked, and where each came from", false)
  .option("--json", "print the result as JSON", false)
  .action(async (options: { json: boolean; print: boolean }) => {
    exitCode = await check(options, io);
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
  .argument("<file>", "the payload, - for standard input")
  .option("--json", "JSON is what it prints in any case", false)
  .action(async (file: string, options: { source: string; type?: string; header: string[] }) => {
    exitCode = await map({ source: options.source, type: options.type, headers: options.header, file }, io);
  });

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

program
  .command("sandbox")
  .description("run the API's contract as a strict local server")
  .option("--port <port>", "where to listen on 127.0.0.1", wholeNumber(0, 65_535), 4010)
  .option("--rate <n>", "requests per second it allows, 0 for no limit", wholeNumber(0, 100_000), 10)
  .option("--json", "print where it listens as JSON", false)
  .action(async (options: { port: number; rate: number; json: boolean }) => {
    exitCode = await sandbox(options, io);
  });

const failures = program
  .command("failures")
  .description("what is set aside for a person: events and deliveries");

failures
  .command("list", { isDefault: true })
  .description("list everything that is parked")
  .option("--json", "print it as JSON", false)
  .addOption(destinationOption())
  .action(async (options: { json: boolean; destination?: string }) => {
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
  .option("--json", "print the result as JSON", false)
  .addOption(destinationOption())
  .action(async (ids: string[], options: { all: boolean; json: boolean; destination?: string }) => {
    exitCode = await retryFailures(ids, options, io);
  });

failures
  .command("drop")
  .description("forget a parked item for good")
  .argument("<id>")
  .option("--json", "print the result as JSON", false)
  .addOption(destinationOption())
  .action(async (id: string, options: { json: boolean; destination?: string }) => {
    exitCode = await dropFailure(id, options, io);
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
  .addOption(destinationOption())
  .action(async (ref: string, options: { json: boolean; destination?: string }) => {
    exitCode = await eraseContact(ref, options, io);
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

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

function wholeNumber(min: number, max: number) {
  return (text: string): number => {
    const value = Number(text);
    if (/^[0-9]+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  exitCode = error.exitCode === 0 ? 0 : 2;
}
// What is still open belongs to a shutdown that missed its deadline.
process.exit(exitCode);
