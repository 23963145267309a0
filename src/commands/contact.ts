import { parseContactRef, type ContactRef } from "../contact/contact-ref.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";
import type { Whose } from "./failures.ts";
import { withOperator } from "./operator.ts";

/** `contact show REF`: what waits and what was applied, by which event. */
export async function showContact(text: string, options: Whose, io: Io): Promise<ExitCode> {
  return await withReference(text, io, (ref) =>
    withOperator(io, options, async (operator) => {
      const contact = await operator.contact(ref);
      if (contact === undefined) {
        io.err(`nothing is known of ${ref}\n`);
        return 1;
      }
      printJson(io, contact);
      return 0;
    }),
  );
}

/** `contact erase REF`: deletes every trace of a contact here; at the API it stays as it is. */
export async function eraseContact(
  text: string,
  options: Whose & { json: boolean; person: boolean },
  io: Io,
): Promise<ExitCode> {
  return await withReference(text, io, (ref) =>
    withOperator(io, options, async (operator) => {
      const { events, erased, linked } = await operator.erase(ref, options.person);
      if (options.json) {
        printJson(io, { erased: ref, events, references: erased, linked });
        return 0;
      }
      io.out(`${erased.join(", ")} erased, with what ${events} events told of it\n`);
      if (linked.length > 0) {
        io.out(
          `the API takes ${linked.join(", ")} for the same contact: what is known by that is still here; ` +
            `erase it too, or begin with --person\n`,
        );
      }
      return 0;
    }),
  );
}

async function withReference(
  text: string,
  io: Io,
  work: (ref: ContactRef) => Promise<ExitCode>,
): Promise<ExitCode> {
  const ref = parseContactRef(text);
  if (ref) return await work(ref);
  io.err("a contact is named as phone:+60123456789, email:name@example.com or id:123\n");
  return 2;
}
