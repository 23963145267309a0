/** The store answers, but cannot be used as it is: to try again changes nothing until a person has acted. */
export class StoreRefused extends Error {}
