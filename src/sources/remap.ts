import { readFieldMapping } from "./field-mapping.ts";
import { createSourceMapper, type MappingPlan } from "./map-event.ts";
import { mapSchema } from "./schema.ts";
import type { Trial } from "./source.ts";
import { checkStructure } from "./structure.ts";
import { YamlFile } from "./yaml-file.ts";

/** A source's mapping with another `map`. Of variables nothing is filled in: who may try a map must not read the environment by it. */
export function remap(plan: MappingPlan, text: string): Trial {
  const file = new YamlFile(text, "map", {});
  if (file.isBroken) return { ok: false, problems: file.problems };
  if (file.isNull(file.root)) return { ok: false, problems: ["map: it is empty"] };
  checkStructure(file, mapSchema);
  const { mapping } = readFieldMapping(file, file.root);
  if (file.problems.length > 0) return { ok: false, problems: file.problems };
  return { ok: true, map: createSourceMapper({ ...plan, mapping }) };
}
