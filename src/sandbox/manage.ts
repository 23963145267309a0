import type { Contacts } from "./contacts.ts";
import type { Managed, Sandbox } from "./contract.ts";
import { identifierOf, validateBody, type WorkspaceRules } from "./validate.ts";
import type { Webhooks } from "./webhooks.ts";

/** What people do to contacts in the workspace itself, and what its webhooks tell of it. */
export function createManagement(
  contacts: Contacts,
  rules: WorkspaceRules,
  webhooks: Pick<Webhooks, "tell">,
): Pick<Sandbox, "create" | "merge" | "split" | "remove"> {
  const bad = (message: string): Managed => ({ ok: false, status: 400, message });
  const missing: Managed = { ok: false, status: 404, message: "Contact not found!" };

  return {
    create(body) {
      const validated = validateBody(body, rules);
      if (!validated.ok) return bad(validated.message);
      if (!validated.core.has("firstName")) return bad("a contact needs a firstName");
      const taken = contacts.taken(validated.core, undefined);
      if (taken) return bad(`contact ${taken.by} has this ${taken.field} already`);
      const contact = contacts.create(validated.core, validated.custom);
      webhooks.tell("contact.created", contact);
      return { ok: true, contact };
    },
    merge(ref, other) {
      const [a, b] = [identifierOf(ref), identifierOf(other)];
      if (!a || !b) return bad("a contact is named by id:, phone: or email:");
      const contact = contacts.merge(a, b);
      if (!contact) return missing;
      webhooks.tell("contact.updated", contact);
      return { ok: true, contact };
    },
    split(ref) {
      const known = identifierOf(ref);
      if (!known || known.startsWith("id:")) return bad("only a phone: or an email: can be split off");
      const contact = contacts.split(known);
      if (!contact) return missing;
      webhooks.tell("contact.created", contact);
      return { ok: true, contact };
    },
    remove(ref) {
      const known = identifierOf(ref);
      if (!known) return bad("a contact is named by id:, phone: or email:");
      return contacts.remove(known) ? { ok: true, contact: undefined } : missing;
    },
  };
}
