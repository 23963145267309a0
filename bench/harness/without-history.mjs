// Loaded with `--import` before a relay: it keeps no history of requests. In the benchmark alone, to tell what it costs.
import { register } from "node:module";

register("./without-history-hook.mjs", import.meta.url);
