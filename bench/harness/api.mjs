// The API without limits, in a process of its own: answers every PUT at once and remembers what each contact holds.
import { createServer } from "node:http";

const holds = new Map();
/** A contact keeps its id, also where everything else is forgotten: two names with one id would be one person. */
const ids = new Map();
/** Milliseconds since the epoch, of every request. */
let arrivals = [];
let arrivedAt = {};
const delayMs = Number(process.env.API_DELAY_MS ?? 0);

function take(contact, text) {
  const body = JSON.parse(text);
  arrivals.push(performance.timeOrigin + performance.now());
  // "N" and the number of the order.
  const number = Number(String(body.lastName).slice(1));
  arrivedAt[number] ??= arrivals.at(-1);
  const known = holds.get(contact);
  holds.set(contact, { number, highest: Math.max(number, known?.highest ?? -1) });
  if (!ids.has(contact)) ids.set(contact, ids.size + 1);
  return { contactId: ids.get(contact) };
}

function figures() {
  let behind = 0;
  let sum = 0;
  for (const { number, highest } of holds.values()) {
    if (number < highest) behind += 1;
    sum += number;
  }
  return { requests: arrivals.length, contacts: holds.size, behind, sum };
}

const server = createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const json = (value) => response.end(JSON.stringify(value));
    const path = request.url ?? "";
    if (!path.startsWith("/_")) {
      const answer = take(decodeURIComponent(path.slice(path.lastIndexOf("/") + 1)), Buffer.concat(chunks));
      if (delayMs > 0) setTimeout(json, delayMs, answer);
      else json(answer);
      return;
    }
    switch (path) {
      case "/_figures":
        return json(figures());
      case "/_arrivals":
        return json({ arrivals, arrivedAt });
      case "/_holds":
        return json([...holds].map(([contact, { number }]) => [contact, number]));
      case "/_reset":
        holds.clear();
        arrivals = [];
        arrivedAt = {};
        return json({});
      default:
        return json({});
    }
  });
});
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
