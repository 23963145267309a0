import type { EventSummaryAnswer } from "../http/schemas/events.ts";
import { readEventOptions, type EventOptions } from "./event-options.ts";
import type { Whose } from "./failures.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import { withOperator } from "./operator.ts";

export interface EventsCommand extends Whose, EventOptions {
  readonly limit: number;
  readonly json: boolean;
}

/** `events list`: what came in, newest first, as far as it is kept. */
export async function listEvents(options: EventsCommand, io: Io): Promise<ExitCode> {
  const filter = readEventOptions(options, Date.now());
  if (typeof filter === "string") return badUsage(filter, io);
  return await withOperator(io, options, async (operator) => {
    const found = await operator.events(filter, options.limit);
    if (!found.ok) return badUsage(found.message, io);
    if (options.json) printJson(io, { items: found.answer });
    else if (found.answer.length === 0) io.out("No event is kept that fits.\n");
    else io.out(eventsText(found.answer));
    return 0;
  });
}

/** `events show ID`: an event whole, with what became of it. */
export async function showEvent(id: string, options: Whose, io: Io): Promise<ExitCode> {
  return await withOperator(io, options, async (operator) => {
    const event = await operator.event(id);
    if (event === undefined) {
      io.err(`there is no event ${id}, or it is older than its retention\n`);
      return 1;
    }
    printJson(io, event);
    return 0;
  });
}

function badUsage(message: string, io: Io): ExitCode {
  io.err(`${message}\n`);
  return 2;
}

/** A line for each, in columns. */
export function eventsText(events: readonly EventSummaryAnswer[]): string {
  const rows = events.map((event) => [
    event.receivedAt,
    event.id,
    event.source,
    event.type,
    `${event.outcome ?? event.state}${event.reason === undefined ? "" : ` (${event.reason})`}`,
    event.contacts.join(", "),
  ]);
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, cell.length)),
    [],
  );
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}
