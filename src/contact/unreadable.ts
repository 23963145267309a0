/**
 * The attribute of an event that was kept although it can never be read, with the reason. No sender can set it: CloudEvents
 * allows no hyphen in the name of an attribute.
 */
export const unreadableBecause = "unreadable-because";
