import { Option, type Command } from "commander";
import { listGroups, markGroup, type MarkOptions } from "./failure-groups.ts";
import type { ExitCode, Io } from "./io.ts";

interface CommandParts {
  readonly io: Io;
  readonly destinationOption: () => Option;
  readonly ended: (code: ExitCode) => void;
}

/** `failures groups`, `acknowledge`, `mute` and `open`. */
export function groupCommands(failures: Command, { io, destinationOption, ended }: CommandParts): void {
  failures
    .command("groups")
    .description("what is parked, by what the trouble is: count, first, last, sources, a sample")
    .addOption(new Option("--state <state>", "those of it alone").choices(["open", "acknowledged", "muted"]))
    .option("--json", "print them as JSON", false)
    .addOption(destinationOption())
    .action(async (options: { state?: string; json: boolean; destination?: string }) => {
      ended(await listGroups(options, io));
    });

  const saying = (name: string, description: string) =>
    failures
      .command(name)
      .description(description)
      .argument("<key>", "as `failures groups` shows it")
      .option("--json", "print the result as JSON", false)
      .addOption(destinationOption());
  const note = ["--note <text>", "why, for whoever looks next; name nobody in it"] as const;

  saying("acknowledge", "a group needs nobody until something new is parked in it")
    .option(...note)
    .action(async (key: string, options: MarkOptions) => {
      ended(await markGroup(key, "acknowledged", options, io));
    });

  saying("mute", "a group needs nobody, whatever is parked in it")
    .option("--for <time>", "how long, such as 12h or 7d", "always")
    .option(...note)
    .action(async (key: string, options: MarkOptions) => {
      ended(await markGroup(key, "muted", options, io));
    });

  saying("open", "a group that was acknowledged or muted needs a person again").action(
    async (key: string, options: MarkOptions) => {
      ended(await markGroup(key, "open", options, io));
    },
  );
}
