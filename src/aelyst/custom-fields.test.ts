import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { createConnections } from "../outbound/connections.ts";
import { createFieldReader, type FieldsPacing } from "./custom-fields.ts";

const connections = createConnections({ http: undefined, https: undefined, none: "" });

let servers: Server[] = [];
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
});

interface Asked {
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
}

/** A server that answers what `answer` says, and remembers what it was asked. */
async function serving(answer: (url: URL, response: ServerResponse, nth: number) => unknown) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
    asked.push({ url, headers: request.headers });
    const body = answer(url, response, asked.length);
    if (body !== undefined) response.end(typeof body === "string" ? body : JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return { base, asked };
}

const paused: (number | undefined)[] = [];
const unpaced: FieldsPacing = {
  pass: async () => true,
  limited: async (hintMs) => void paused.push(hintMs),
};
const read = (base: string, pacing = unpaced, timeoutMs = 2_000) =>
  createFieldReader({ baseUrl: `${base}/v1/`, token: "s3cret-token", timeoutMs }, connections)(
    pacing,
    new AbortController().signal,
  );

const names = async (base: string) => {
  const result = await read(base);
  if (result.kind !== "read") return result;
  return { names: result.fields.all.map(({ name }) => name), complete: result.fields.complete };
};

const numbered = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ id: from + n, name: `Field ${from + n}`, dataType: "text" }));

it("asks with the token, for a hundred at a time, below the API's address", async () => {
  const { base, asked } = await serving(() => ({ items: [], pagination: { next: null } }));
  expect(await names(base)).toMatchObject({ names: [] });
  expect(asked).toMatchObject([{ headers: { authorization: "Bearer s3cret-token" } }]);
  expect(asked[0]?.url.pathname).toBe("/v1/space/custom_field");
  expect(asked[0]?.url.search).toBe("?limit=100");
});

describe("every shape that is known is read", () => {
  const plan = { id: 1, name: "Plan", slug: "plan", title: "Plan!", dataType: "LIST" };
  it.each([
    [{ items: [{ ...plan, allowedValues: ["a", "b"] }], pagination: { next: "", previous: "" } }, true],
    [{ items: [{ ...plan, allowedValues: { listValues: ["a", "b"] } }], pagination: {} }, false],
    [{ data: [{ ...plan, allowedValues: ["a", "b"] }], nextCursor: null }, true],
    [{ data: { items: [{ ...plan, allowedValues: ["a", "b"] }] } }, false],
    [[{ ...plan, allowedValues: ["a", "b"] }], false],
  ])("%j", async (body, complete) => {
    const { base } = await serving(() => body);
    const result = await read(base);
    expect(result).toMatchObject({ kind: "read", pages: 1, fields: { complete } });
    expect(result.kind === "read" && result.fields.all).toEqual([
      { name: "Plan", slug: "plan", title: "Plan!", type: "list", options: ["a", "b"] },
    ]);
  });

  it("what is no field hides none, and what is missing is not guessed", async () => {
    const items = [
      { name: "A" },
      { name: "B", dataType: "datetime", allowedValues: [1] },
      { title: "C" },
      null,
      {},
    ];
    const { base } = await serving(() => ({ items }));
    const result = await read(base);
    expect(result.kind === "read" && result.fields.all).toMatchObject([
      { name: "A", type: undefined },
      { name: "B", type: undefined, options: undefined },
      { name: "C" },
    ]);
    expect(result.kind === "read" && result.fields.complete).toBe(false);
  });
});

describe("further pages", () => {
  it("by an address, of which only the query is taken: the token goes nowhere else", async () => {
    const elsewhere = await serving(() => ({ items: [] }));
    const { base, asked } = await serving((url) =>
      url.searchParams.get("cursorId") === "2"
        ? { items: numbered(3, 1), pagination: { next: null } }
        : { items: numbered(1, 2), pagination: { next: `${elsewhere.base}/v2/other?cursorId=2&limit=10` } },
    );
    expect(await names(base)).toEqual({ names: ["Field 1", "Field 2", "Field 3"], complete: true });
    const { pathname, search } = asked[1]?.url ?? new URL(base);
    expect(pathname + search).toBe("/v1/space/custom_field?limit=100&cursorId=2");
    expect(elsewhere.asked).toEqual([]);
  });

  it.each([
    ["a cursor", { pagination: { next: "2" } }],
    ["a number", { pagination: { next: 2 } }],
    ["a relative address", { pagination: { next: "/v2/space/custom_field?cursorId=2" } }],
    ["nextCursor", { nextCursor: 2 }],
    ["pagination.nextCursor", { pagination: { nextCursor: "2" } }],
  ])("by %s", async (_how, more) => {
    const { base } = await serving((url) =>
      url.searchParams.get("cursorId") === "2"
        ? { items: numbered(3, 1), nextCursor: null }
        : { items: numbered(1, 2), ...more },
    );
    expect(await names(base)).toEqual({ names: ["Field 1", "Field 2", "Field 3"], complete: true });
  });

  it("by the last id, where a page tells nothing of others, until one is empty", async () => {
    const { base, asked } = await serving((url) => {
      const after = Number(url.searchParams.get("cursorId") ?? 0);
      return numbered(after + 1, Math.min(100, 103 - after));
    });
    expect(await names(base)).toMatchObject({ names: { length: 103 }, complete: true });
    expect(asked.map(({ url }) => url.searchParams.get("cursorId"))).toEqual([null, "100", "103"]);
  });

  it("by the last id also where a page has fewer than were asked for: the API may have a limit of its own", async () => {
    const { base } = await serving((url) => {
      const after = Number(url.searchParams.get("cursorId") ?? 0);
      return { data: numbered(after + 1, Math.min(10, 25 - after)) };
    });
    expect(await names(base)).toMatchObject({ names: { length: 25 }, complete: true });
  });
});

describe("no field counts as missing", () => {
  it.each([
    ["an empty list: a token may see none", { items: [], pagination: { next: null } }],
    ["an empty bare list", []],
    [
      "a further page that is told of in a way nobody knows",
      { items: numbered(1, 2), nextCursor: { id: 2 } },
    ],
    ["a next page without a query", { items: numbered(1, 2), pagination: { next: "/space/custom_field" } }],
    ["no word of others, and no id to ask by", [{ name: "Field 1" }, { name: "Field 2" }]],
    ["no word of others, and the same page again", { items: numbered(1, 2), pagination: {} }],
  ])("%s", async (_what, body) => {
    const { base, asked } = await serving(() => body);
    expect(await names(base)).toMatchObject({ complete: false });
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it.each([400, 403, 404])(
    "a guessed page that is answered %i: what was read counts all the same",
    async (status) => {
      const { base } = await serving((url, response) => {
        if (!url.searchParams.has("cursorId")) return numbered(1, 2);
        response.writeHead(status);
        return {};
      });
      expect(await names(base)).toEqual({ names: ["Field 1", "Field 2"], complete: false });
    },
  );

  it("an empty page behind a cursor that the API gave, which does not say that it is the last", async () => {
    const { base } = await serving((url) =>
      url.searchParams.has("cursorId") ? { items: [] } : { items: numbered(1, 2), nextCursor: 2 },
    );
    expect(await names(base)).toEqual({ names: ["Field 1", "Field 2"], complete: false });
  });
});

describe("an API that would be asked for ever", () => {
  it.each([
    ["the same cursor again and again", () => ({ items: numbered(1, 2), pagination: { next: "2" } })],
    [
      "always another cursor for the same fields",
      (_url: URL, _response: ServerResponse, nth: number) => ({
        items: numbered(1, 2),
        pagination: { next: `${nth}` },
      }),
    ],
    [
      "always another cursor and no fields",
      (_url: URL, _response: ServerResponse, nth: number) => ({ items: [], pagination: { next: `${nth}` } }),
    ],
    ["its first page for every cursor", () => numbered(1, 100)],
  ])("%s", async (_how, answer) => {
    const { base, asked } = await serving(answer);
    expect(await names(base)).toMatchObject({ complete: false });
    expect(asked.length).toBeLessThanOrEqual(2);
  });

  it("always new fields: fifty pages, and no word about what is missing", async () => {
    const { base, asked } = await serving((_url, _response, nth) => ({
      items: numbered(nth * 2, 2),
      nextCursor: nth,
    }));
    expect(await names(base)).toMatchObject({ names: { length: 100 }, complete: false });
    expect(asked).toHaveLength(50);
  });

  it("more fields than any workspace has: the first five thousand, and no word about what is missing", async () => {
    const { base } = await serving((_url, _response, nth) => ({
      items: numbered(nth * 4_000, 4_000),
      nextCursor: nth,
    }));
    expect(await names(base)).toMatchObject({ names: { length: 5_000 }, complete: false });
  });

  it("a page without end is not read to its end", async () => {
    const { base } = await serving((_url, response) => {
      const pour = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
        if (!response.destroyed) response.once("drain", pour);
      };
      pour();
    });
    expect(await read(base)).toEqual({ kind: "unavailable", message: "the answer is more than a megabyte" });
  });
});

describe("an API that does not tell", () => {
  it.each([401, 403, 404] as const)("%i: the token may not, or there is nothing", async (status) => {
    const { base } = await serving((_url, response) => {
      response.writeHead(status);
      return { code: status, message: "Not for s3cret-token" };
    });
    expect(await read(base)).toEqual({ kind: "forbidden", status, message: `${status}: Not for [token]` });
  });

  it.each([
    [500, "{}", /^500/],
    [302, "", /^HTTP 302/],
    [422, "{}", /^422/],
    [200, "<html>", /no list of custom fields/],
    [200, '{"fields":[]}', /no list of custom fields/],
    [200, "", /no list of custom fields/],
  ])("%i %s is no answer", async (status, body, words) => {
    const { base } = await serving((_url, response) => {
      response.writeHead(status);
      return body;
    });
    expect(await read(base)).toMatchObject({ kind: "unavailable", message: expect.stringMatching(words) });
  });

  it("one that never answers is a time-out, one that is not there says so", async () => {
    const { base } = await serving(() => undefined);
    expect(await read(base, unpaced, 200)).toEqual({
      kind: "unavailable",
      message: "no answer within 200 ms",
    });
    expect(await read("http://127.0.0.1:9")).toMatchObject({ kind: "unavailable" });
  });
});

describe("pace", () => {
  it("every page asks for leave, and without it nothing is asked", async () => {
    let passed = 0;
    const pass = async () => (passed += 1) <= 2;
    const { base, asked } = await serving((_url, _response, nth) => ({
      items: numbered(nth, 1),
      nextCursor: nth,
    }));
    expect(await read(base, { ...unpaced, pass })).toMatchObject({ kind: "unavailable" });
    expect([passed, asked.length]).toEqual([3, 2]);
  });

  it("one 429 is waited out as it says, the second one ends it", async () => {
    paused.length = 0;
    let limits = 1;
    const { base, asked } = await serving((_url, response) => {
      limits -= 1;
      if (limits < 0) return { items: numbered(1, 1), nextCursor: null };
      response.writeHead(429, { "Retry-After": "2" });
      return {};
    });
    expect(await names(base)).toEqual({ names: ["Field 1"], complete: true });
    limits = 5;
    expect(await read(base)).toMatchObject({ kind: "unavailable", message: expect.stringContaining("429") });
    expect(asked).toHaveLength(4);
    expect(paused).toEqual([2_000, 2_000, 2_000]);
  });
});
