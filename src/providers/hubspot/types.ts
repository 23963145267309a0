/** What a workflow's webhook action sends names no type of its own. */
export const workflow = "workflow";

/** A person's data was deleted for good, on their request. */
export const privacyDeletion = "contact.privacyDeletion";
