import { readFile } from "node:fs/promises";
import { customFieldsSchema, type CustomFieldsSettings } from "../sandbox/custom-fields.ts";
import { startSandbox } from "../sandbox/sandbox.ts";
import { reasonOf } from "../store/reason.ts";
import { demoCustomFields } from "./demo/traffic.ts";
import { webhookSchema, type Webhook } from "../sandbox/webhooks.ts";
import type { Workspace } from "../sandbox/workspace.ts";
import { printJson, type ExitCode, type Io } from "./io.ts";

export interface SandboxCommand extends Workspace {
  readonly port: number;
  readonly rate: number;
  /** A JSON file as the control API takes it, or `demo` for those of the demo. */
  readonly customFields?: string;
  readonly webhookUrl?: string;
  readonly webhookKey?: string;
  readonly json: boolean;
}

/** The API's contract as a local server, until it is asked to stop. */
export async function sandbox(options: SandboxCommand, io: Io): Promise<ExitCode> {
  const { port, rate, customFields, webhookUrl, webhookKey, json, ...workspace } = options;
  const custom = await readCustomFields(customFields);
  if (!custom.ok) {
    io.err(`${custom.message}\n`);
    return 2;
  }
  const webhook = readWebhook(webhookUrl, webhookKey);
  if (webhook === "unusable") {
    io.err("a webhook needs both: --webhook-url with an http(s) address, and --webhook-key\n");
    return 2;
  }
  let server;
  try {
    const { fields, shape, reading } = custom.settings;
    server = await startSandbox({
      port,
      ratePerSecond: rate,
      ...workspace,
      ...(webhook && { webhook }),
      ...(fields && { customFields: fields }),
      ...(shape && { fieldsShape: shape }),
      ...(reading && { fieldsReading: reading }),
    });
  } catch (error) {
    io.err(`the sandbox cannot listen on 127.0.0.1:${port}: ${String(error)}\n`);
    return 1;
  }
  const control = new URL("/_sandbox", server.url).href;
  if (json) printJson(io, { url: server.url, control, ratePerSecond: rate });
  else {
    io.out(
      [
        `The sandbox API is listening. Point the relay at it:`,
        ``,
        `  AELYST_API_URL=${server.url} AELYST_API_TOKEN=anything npm start`,
        ``,
        `Contacts it holds:  curl ${control}/contacts`,
        `Its request log:    curl ${control}/requests`,
        `Switch on a fault:  curl -X POST ${control}/faults -H 'Content-Type: application/json' -d '{"status":500,"times":3}'`,
        `Its custom fields:  curl ${control}/custom_fields`,
        `All faults off:     curl -X DELETE ${control}/faults`,
        `A contact appears:  curl -X POST ${control}/contacts -H 'Content-Type: application/json' -d '{"firstName":"Ada","email":"ada@example.com"}'`,
        ...(webhook ? [`Its webhook:        curl ${control}/webhook`] : []),
        ``,
        `${rate} requests per second are allowed. Ctrl-C stops it.`,
        ``,
      ].join("\n"),
    );
  }
  await io.stopRequested;
  await server.close();
  return 0;
}

async function readCustomFields(
  given: string | undefined,
): Promise<{ ok: true; settings: CustomFieldsSettings } | { ok: false; message: string }> {
  if (given === undefined) return { ok: true, settings: {} };
  if (given === "demo") return { ok: true, settings: customFieldsSchema.parse({ fields: demoCustomFields }) };
  try {
    const read = customFieldsSchema.safeParse(JSON.parse(await readFile(given, "utf8")));
    if (read.success) return { ok: true, settings: read.data };
    const [issue] = read.error.issues;
    return { ok: false, message: `${given}: ${issue?.path.join(".") ?? ""} ${issue?.message ?? "is wrong"}` };
  } catch (error) {
    return { ok: false, message: `${given} cannot be read: ${reasonOf(error)}` };
  }
}

function readWebhook(url: string | undefined, key: string | undefined): Webhook | "unusable" | undefined {
  if (url === undefined && key === undefined) return undefined;
  const webhook = webhookSchema.safeParse({ url, key });
  return webhook.success ? webhook.data : "unusable";
}
