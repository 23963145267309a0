import type { IncomingMessage, ServerResponse } from "node:http";
import { faultSchema } from "./faults.ts";
import { readJson } from "./request-body.ts";
import type { Sandbox } from "./contract.ts";
import { readIdentifier } from "./validate.ts";

const requestsShown = 100;

type Controlled = Omit<Sandbox, "url" | "port" | "close">;

/** `/_sandbox/…`: what it holds, what it was asked, which faults are on. */
export async function handleControl(
  request: IncomingMessage,
  response: ServerResponse,
  sandbox: Controlled,
): Promise<void> {
  const [path = "", query] = (request.url ?? "").split("?", 2);
  const answer = (status: number, body: unknown) => {
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  };
  if (!isLoopback(request.socket.remoteAddress)) {
    return answer(403, { code: 403, message: "The control API is for this machine only" });
  }
  const contact = /^\/_sandbox\/contacts\/([^/]+)$/.exec(path)?.[1];
  if (request.method === "GET" && contact !== undefined) {
    const ref = readIdentifier(contact);
    const found = ref && sandbox.contact(ref);
    return found ? answer(200, found) : answer(404, { code: 404, message: "Contact not found!" });
  }
  switch (`${request.method ?? ""} ${path}`) {
    case "GET /_sandbox":
    case "GET /_sandbox/":
      return answer(200, { routes: ["contacts", "contacts/:ref", "requests", "faults", "reset"] });
    case "GET /_sandbox/contacts":
      return answer(200, sandbox.contacts());
    case "GET /_sandbox/requests": {
      const limit = Math.max(1, Number(new URLSearchParams(query).get("limit")) || requestsShown);
      return answer(200, sandbox.requests().slice(-limit));
    }
    case "GET /_sandbox/faults":
      return answer(200, sandbox.faults());
    case "POST /_sandbox/faults": {
      const fault = faultSchema.safeParse(await readJson(request));
      if (!fault.success) return answer(400, { code: 400, message: "There is no such fault.", faults });
      sandbox.fault(fault.data);
      return answer(200, sandbox.faults());
    }
    case "DELETE /_sandbox/faults":
      sandbox.clearFaults();
      return answer(200, []);
    case "POST /_sandbox/reset":
      sandbox.reset();
      return answer(200, { status: "reset" });
    default:
      return answer(404, { code: 404, message: "Not found" });
  }
}

/** Shown to whoever sends a fault that is none. */
const faults = [
  { status: 500, times: 3 },
  { status: 429, retryAfter: "2", times: 1 },
  { status: 503, probability: 0.1, seed: 1 },
  { busy: "phone:+60123456789", times: 2 },
  { busy: "email:ada@example.com", forMs: 5_000 },
  { latencyMs: 200 },
  { status: 302, location: "https://example.com/" },
  { hang: true, times: 1 },
  { drop: "after", times: 1 },
  { unauthorized: true },
  { status: 500, contact: "id:1" },
  { firewall: "<script>" },
  { contactRate: 5 },
  { rate: 5, limiter: "token-bucket" },
];

export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && (address === "::1" || /^(?:::ffff:)?127\./.test(address));
}
