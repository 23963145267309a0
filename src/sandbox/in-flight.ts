/** Requests on the wire, counted by whom they are for. */
export interface InFlight {
  /** A request has come. `leave` is called when it was answered or its caller has gone; again does nothing. */
  arrive(key: string): { count: number; leave: () => void };
  /** The most there were at once. */
  most(key: string): number;
  /** Forgets what there was; those on the wire stay counted. */
  forget(): void;
}

export function createInFlight(): InFlight {
  const running = new Map<string, number>();
  const most = new Map<string, number>();
  return {
    arrive(key) {
      const count = (running.get(key) ?? 0) + 1;
      running.set(key, count);
      most.set(key, Math.max(count, most.get(key) ?? 0));
      let here = true;
      function leave(): void {
        if (!here) return;
        here = false;
        const left = (running.get(key) ?? 1) - 1;
        if (left > 0) running.set(key, left);
        else running.delete(key);
      }
      return { count, leave };
    },
    most: (key) => most.get(key) ?? 0,
    forget: () => most.clear(),
  };
}
