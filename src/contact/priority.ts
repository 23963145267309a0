/** How soon a contact's turn comes, the soonest first. */
export const priorities = ["high", "normal", "low"] as const;
export type Priority = (typeof priorities)[number];

/** The same as a number that sorts; 0 is the usual one, which records of before have. */
export function rankOf(priority: Priority | undefined): number {
  return priority === "high" ? -1 : priority === "low" ? 1 : 0;
}

export function priorityOf(rank: number): Priority {
  return rank < 0 ? "high" : rank > 0 ? "low" : "normal";
}

export function isHigher(one: Priority, other: Priority): boolean {
  return rankOf(one) < rankOf(other);
}

/** What is kept of it: nothing where it is the usual one. */
export function keptPriority(priority: Priority | undefined): { readonly priority?: Priority } {
  return priority === undefined || priority === "normal" ? {} : { priority };
}
