import { scaleOut } from "./scale-out.ts";

await scaleOut("postgres");
