import { Option, type Command } from "commander";
import type { ExitCode, Io } from "./io.ts";
import { wholeNumber } from "./option-readers.ts";
import { sandbox, type SandboxCommand } from "./sandbox.ts";

/** The command `sandbox` with all that it can play. */
export function sandboxCommand(command: Command, io: Io, ended: (code: ExitCode) => void): void {
  command
    .description("run the API's contract as a strict local server")
    .option("--port <port>", "where to listen on 127.0.0.1", wholeNumber(0, 65_535), 4010)
    .option("--rate <n>", "requests per second it allows, 0 for no limit", wholeNumber(0, 100_000), 10)
    .addOption(
      new Option("--unknown-contact <answer>", "what a PUT does for a contact that is not there")
        .choices(["create", "404", "400"])
        .default("create"),
    )
    .addOption(
      new Option("--duplicates <allow|refuse>", "a phone or e-mail that another contact has")
        .choices(["allow", "refuse"])
        .default("refuse"),
    )
    .option("--creation-ms <ms>", "so long a new contact is answered 449", wholeNumber(0, 3_600_000), 0)
    .option("--unseen-ms <ms>", "so long a new contact is answered 404", wholeNumber(0, 3_600_000), 0)
    .option(
      "--custom-fields <file>",
      "the workspace's custom fields, a JSON file, or `demo`; any name is taken by default",
    )
    .option(
      "--webhook-url <url>",
      "where it tells what became of its contacts, as /webhooks/aelyst of a relay",
    )
    .option("--webhook-key <key>", "the key that signs that")
    .option("--json", "print where it listens as JSON", false)
    .action(async (options: SandboxCommand) => {
      ended(await sandbox(options, io));
    });
}
