/** Stamps of a contact are remembered this many times the retention, after its last delivery. */
export const stampRetentionFactor = 4;

/** Lines of history kept per contact. */
export const historyMax = 20;
