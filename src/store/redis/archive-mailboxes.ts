import type { Queue } from "bullmq";
import type { ChainableCommander } from "ioredis";
import type { RedisClient } from "./connections.ts";
import type { ContactRef } from "../../contact/contact-ref.ts";
import type { ContactUpdate } from "../../contact/event.ts";
import { rankOf } from "../../contact/priority.ts";
import type { KindArchive } from "../archive-kinds.ts";
import { archivedHistory, archivedWake, pageRecordsMax, wakesOf, withInterrupted } from "../archive.ts";
import { keptNote } from "../history.ts";
import { historyMax, stampRetentionFactor } from "../retention.ts";
import type { ArchivedMailbox } from "../archive-port.ts";
import type { StoreOptions, WakeJobData } from "../store.ts";
import { dueAtOf } from "./archive-jobs.ts";
import { importMailboxScript, readMailboxScript } from "./archive-scripts.ts";
import { readFields } from "./mailbox-fields.ts";
import { mailboxKeys } from "./mailbox-keys.ts";
import { pipelined, scannedKeys } from "./pipelined.ts";

const scanCount = 1_000;

/** A contact is met once for each of its keys: it counts at the first of these that it has. */
const keyOrder = ["events", "updates", "fields", "history"] as const;

type Answer = [string[], string[], string[], string[], number, string, string];

export function createMailboxArchive(
  client: RedisClient,
  contacts: Queue<WakeJobData, void>,
  options: StoreOptions,
  clock: () => number,
): KindArchive<"mailbox"> {
  const { waiting: waitingKey, priority: priorityKey, person, root, of: keys } = mailboxKeys(options.prefix);
  const jobPrefix = `{${options.prefix}}:contacts:`;
  const keepMs = stampRetentionFactor * options.retentionMs;

  async function read(asked: readonly ContactRef[]): Promise<(ArchivedMailbox | undefined)[]> {
    const answers = await pipelined(
      client,
      asked,
      (line, contact) => {
        const { updates, fields, history, events } = keys(contact);
        const wakeKeys = [`${jobPrefix}de:${contact}`, `${jobPrefix}delayed`];
        line.eval(readMailboxScript, 6, updates, fields, history, events, ...wakeKeys, jobPrefix);
      },
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the script returns
      (answer) => answer as Answer,
    );
    return asked.map((contact, index) => {
      const answer = answers[index];
      return answer && mailboxOf(contact, answer, clock() - options.retentionMs);
    });
  }

  async function* exportAll(): AsyncGenerator<ArchivedMailbox> {
    for await (const found of scannedKeys(client, root, scanCount)) {
      for (let at = 0; at < found.length; at += pageRecordsMax) {
        const met = await contactsMet(found.slice(at, at + pageRecordsMax));
        for (const mailbox of await read(met)) if (mailbox) yield mailbox;
      }
    }
  }

  async function contactsMet(found: readonly string[]): Promise<ContactRef[]> {
    const met = found.flatMap((key) => {
      const colon = key.lastIndexOf(":");
      const order = keyOrder.findIndex((name) => name === key.slice(colon + 1));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only contacts make these keys
      const contact = key.slice(root.length, colon) as ContactRef;
      return order === -1 ? [] : [{ contact, order }];
    });
    const earlier = await pipelined(
      client,
      met,
      (line, { contact, order }) => {
        const key = keys(contact);
        // Asking for no key at all is an error; a contact's own name as one more key exists nowhere.
        line.exists(`${root}${contact}`, ...keyOrder.slice(0, order).map((name) => key[name]));
      },
      Number,
    );
    return met.flatMap(({ contact }, index) => (earlier[index] === 0 ? [contact] : []));
  }

  async function importAll(mailboxes: readonly ArchivedMailbox[]): Promise<void> {
    const addMailbox = (line: ChainableCommander, mailbox: ArchivedMailbox) => {
      const { contact, waiting, eventIds, history } = mailbox;
      const key = keys(contact);
      const now = clock();
      const fields = Object.entries(mailbox.applied).flatMap(([field, origin]) =>
        origin ? [{ field, origin }] : [],
      );
      // As one array: a function takes only so many arguments, and a contact may have any number of events.
      line.call("EVAL", [
        importMailboxScript,
        6,
        key.updates,
        key.fields,
        key.history,
        key.events,
        waitingKey,
        priorityKey,
        contact,
        now,
        Math.round(mailbox.expiresAt ?? now + keepMs),
        historyMax,
        Math.round(Math.max(0, ...history.map(({ at }) => at)) + options.retentionMs),
        mailbox.contactId ?? "",
        person,
        waiting.length,
        ...waiting.flatMap((update) => [update.id, JSON.stringify(update), rankOf(update.priority)]),
        eventIds.length,
        ...eventIds,
        fields.length,
        ...fields.flatMap(({ field, origin }) => [field, origin.stamp, JSON.stringify(origin)]),
        history.length,
        ...history.map(keptNote),
      ]);
    };
    await pipelined(client, mailboxes, addMailbox, Number);
    const wakes = wakesOf(mailboxes, clock());
    if (wakes.length > 0) await contacts.addBulk(wakes);
  }

  return {
    export: exportAll,
    import: importAll,
    find: (records) => read(records.map(({ contact }) => contact)),
  };
}

function mailboxOf(contact: ContactRef, answer: Answer, oldest: number): ArchivedMailbox | undefined {
  const [updates, fields, history, eventIds, expiresAt, wakeData, dueScore] = answer;
  if (updates.length + fields.length + history.length + eventIds.length === 0) return undefined;
  const { applied, contactId } = readFields(fields);
  const wake = wakeData === "" ? undefined : (JSON.parse(wakeData) as WakeJobData);
  return {
    kind: "mailbox",
    contact,
    waiting: withInterrupted(
      updates.map((text) => JSON.parse(text) as ContactUpdate),
      wake,
    ),
    applied,
    ...(contactId === undefined ? {} : { contactId }),
    history: archivedHistory(history, oldest),
    eventIds,
    ...(expiresAt > 0 ? { expiresAt } : {}),
    ...(wake ? { wake: archivedWake(wake, dueAtOf(dueScore === "" ? undefined : dueScore)) } : {}),
  };
}
