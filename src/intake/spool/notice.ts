/** What the operator of a spool is told. Files are named without their directory. */
export type SpoolNotice =
  | { kind: "began"; cause: unknown }
  | { kind: "drained"; events: number }
  /** A process that is gone left events here. */
  | { kind: "found"; events: number }
  /** A file ends in the middle of a record, which nobody was told to be kept. */
  | { kind: "torn"; file: string; bytes: number }
  | { kind: "damaged"; file: string; bytes: number }
  /** The store takes others, but not this one. */
  | { kind: "refused"; eventId: string; source: string; cause: unknown }
  /** The file holds what is damaged or refused. */
  | { kind: "set-aside"; file: string }
  | { kind: "vanished"; file: string; events: number }
  /** Other processes took this one for dead. */
  | { kind: "taken-over" }
  | { kind: "unusable"; cause: unknown };
