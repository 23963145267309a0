// Every payload below a folder through its provider, the whole way of a real request; nothing is kept or sent on.
//
//   npm run corpus -- [--json] FOLDER   where FOLDER/shopify/…/orders.create.json is one of Shopify's
import { parseArgs } from "node:util";
import { corpus } from "../dist/commands/corpus/corpus.js";

const usage = "usage: npm run corpus -- [--json] FOLDER\n";

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { json: { type: "boolean", default: false } } });
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    return { positionals: [], values: {} };
  }
}

const { positionals, values } = readArguments();
const [folder, ...others] = positionals;
if (folder === undefined || others.length > 0) {
  process.stderr.write(usage);
  process.exitCode = 2;
} else {
  const io = {
    env: process.env,
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    color: false,
    ...(process.stdout.isTTY && process.stderr.isTTY
      ? { terminal: { columns: () => process.stderr.columns } }
      : {}),
    stopRequested: new Promise(() => {}),
  };
  process.exitCode = await corpus({ folder, json: values.json }, io);
}
