import type { FieldValue } from "../contact/contact-patch.ts";
import type { ContactRef } from "../contact/contact-ref.ts";
import type { Contacts, SandboxContact } from "./contacts.ts";
import type { Workspace } from "./workspace.ts";

/** A body that was found valid. */
export interface Changes {
  readonly core: ReadonlyMap<string, FieldValue>;
  readonly custom: ReadonlyMap<string, FieldValue>;
}

export type Carried =
  | { kind: "done"; contactId: number; created: boolean }
  | { kind: "refused"; status: 400 | 404 | 449; message?: RefusalMessage };

/** A 400 that names another contact says it in an object. */
export type RefusalMessage = string | { readonly contactId: number; readonly message: string };

export interface Operations {
  /** `PUT /contact/{identifier}` */
  update(ref: ContactRef, changes: Changes, now: number): Carried;
  /** `POST /contact/create_or_update/{identifier}` */
  createOrUpdate(ref: ContactRef, changes: Changes, now: number): Carried;
  /** Forgets whom it has just created. */
  forget(): void;
}

const labels = { phone: "Phone", email: "Email" } as const;

/** What the two calls of the API do to the contacts, as the workspace is at that moment. */
export function createOperations(contacts: Contacts, workspace: () => Workspace): Operations {
  /** When `create_or_update` created whom, in milliseconds since the epoch. */
  const createdAt = new Map<number, number>();

  function isYoungerThan(contact: SandboxContact, ageMs: number, now: number): boolean {
    const at = createdAt.get(contact.id);
    return at !== undefined && now - at < ageMs;
  }

  function connected(core: Changes["core"], id: number | undefined): Carried | undefined {
    const taken = contacts.taken(core, id);
    if (!taken) return undefined;
    const message = `${labels[taken.field]} already connected to a contact`;
    return { kind: "refused", status: 400, message: { contactId: taken.by, message } };
  }

  function unknown(ref: ContactRef): Carried | undefined {
    const { unknownContact } = workspace();
    if (unknownContact === "400") return { kind: "refused", status: 400, message: "Contact does not exist" };
    if (unknownContact === "404" || contacts.isGone(ref)) return { kind: "refused", status: 404 };
    return undefined;
  }

  function firstThatMatches(ref: ContactRef, { core }: Changes): SandboxContact | undefined {
    const references: ContactRef[] = [ref];
    for (const kind of ["phone", "email"] as const) {
      const value = core.get(kind);
      if (typeof value === "string") references.push(`${kind}:${value.toLowerCase()}`);
    }
    return references.map((one) => contacts.find(one)).find((found) => found !== undefined);
  }

  return {
    update(ref, changes, now) {
      const { creationMs, unseenMs, duplicates } = workspace();
      const found = contacts.find(ref);
      if (found && isYoungerThan(found, unseenMs, now)) return { kind: "refused", status: 404 };
      if (found && isYoungerThan(found, creationMs, now)) return { kind: "refused", status: 449 };
      const refused =
        (found ? undefined : unknown(ref)) ??
        (duplicates === "refuse" ? connected(changes.core, found?.id) : undefined);
      if (refused) return refused;
      const contactId = contacts.apply(ref, changes.core, changes.custom);
      return { kind: "done", contactId, created: !found };
    },
    createOrUpdate(ref, changes, now) {
      const { creationMs, duplicates } = workspace();
      const found = firstThatMatches(ref, changes);
      if (ref.startsWith("id:") && !contacts.find(ref)) return { kind: "refused", status: 404 };
      if (found && isYoungerThan(found, creationMs, now)) return { kind: "refused", status: 449 };
      const refused = duplicates === "refuse" ? connected(changes.core, found?.id) : undefined;
      if (refused) return refused;
      if (!found && !changes.core.has("firstName")) return { kind: "refused", status: 400 };
      const contactId = contacts.apply(
        contacts.find(ref) || !found ? ref : `id:${found.id}`,
        changes.core,
        changes.custom,
      );
      if (!found) createdAt.set(contactId, now);
      return { kind: "done", contactId, created: !found };
    },
    forget: () => createdAt.clear(),
  };
}
