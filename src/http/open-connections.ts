import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** The connections of a server, and how long each has owed the beginning of a request. */
export interface OpenConnections {
  count(): number;
  /** Closes those that have owed a whole request head for this long; answers how many. */
  closeOwing(owedMs: number): number;
}

interface Connection {
  unanswered: number;
  /** Since it was opened, or since its last answer was over. */
  owesSince: number;
}

/** Watches every connection from here on. The clock never goes back. */
export function watchConnections(server: Server, clock: () => number): OpenConnections {
  const open = new Map<Socket, Connection>();

  server.on("connection", (socket: Socket) => {
    open.set(socket, { unanswered: 0, owesSince: clock() });
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const connection = open.get(request.socket);
    if (!connection) return;
    connection.unanswered += 1;
    response.once("close", () => {
      connection.unanswered -= 1;
      connection.owesSince = clock();
    });
    response.on("timeout", closeSlowReader);
  });

  return {
    count: () => open.size,
    closeOwing(owedMs) {
      const before = clock() - owedMs;
      let closed = 0;
      for (const [socket, { unanswered, owesSince }] of open) {
        if (unanswered > 0 || owesSince > before) continue;
        socket.destroy();
        closed += 1;
      }
      return closed;
    },
  };
}

/** A silence is the client's only when the answer is written and not taken: until then it is the relay that works. */
function closeSlowReader(this: ServerResponse, socket: Socket): void {
  if (this.writableEnded) socket.destroy();
}
