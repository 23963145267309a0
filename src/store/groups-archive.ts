import type { KindArchive } from "./archive-kinds.ts";
import type { ParkedIndex } from "./parked-index.ts";

/** What was said of groups, as the archive carries it, the same on every engine. They are few. */
export function createGroupsArchive(parked: Pick<ParkedIndex, "marks" | "putMarks">): KindArchive<"group"> {
  return {
    async *export() {
      for (const one of await parked.marks()) yield { kind: "group", ...one };
    },
    import: (records) => parked.putMarks(records),
    async find(records) {
      const held = new Map((await parked.marks()).map((one) => [one.key, one]));
      return records.map(({ key }) => {
        const one = held.get(key);
        return one && { kind: "group", ...one };
      });
    },
  };
}
