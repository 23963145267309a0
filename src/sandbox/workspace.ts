import { z } from "zod";

/** How the workspace treats contacts. Every part of it can be changed while the sandbox runs. */
export const workspaceSchema = z.strictObject({
  /** What a PUT does for whom nobody has: creates them, or says so with one of two statuses. */
  unknownContact: z.enum(["create", "404", "400"]),
  /** Whether a contact may be given a phone or e-mail that another one has. */
  duplicates: z.enum(["allow", "refuse"]),
  /** So long after `create_or_update` has created a contact, its requests are answered 449. */
  creationMs: z.number().min(0).max(3_600_000),
  /** So long after `create_or_update` has created a contact, a PUT does not find it yet: 404. */
  unseenMs: z.number().min(0).max(3_600_000),
});

export type Workspace = z.infer<typeof workspaceSchema>;
export const workspaceChange = workspaceSchema.partial();
export type WorkspaceChange = Readonly<z.infer<typeof workspaceChange>>;

export const usualWorkspace: Workspace = {
  unknownContact: "create",
  duplicates: "refuse",
  creationMs: 0,
  unseenMs: 0,
};

/** What is left out stays as it is. */
export function changedWorkspace(workspace: Workspace, change: WorkspaceChange): Workspace {
  return workspaceSchema.parse({ ...workspace, ...change });
}
