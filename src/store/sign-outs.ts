/** Sign-ins of browsers that were ended before their time: every process has to refuse them, after a restart too. */
export interface SignOuts {
  /** Remembered until then. Milliseconds since the epoch. May be repeated. */
  add(id: string, until: number): Promise<void>;
  has(id: string): Promise<boolean>;
}
