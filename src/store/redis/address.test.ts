import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeAddress, parseRedisUrl } from "./address.ts";

function address(url: string) {
  const parsed = parseRedisUrl(url);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.address;
}

function problem(url: string): string {
  const parsed = parseRedisUrl(url);
  return parsed.ok ? "" : parsed.problem;
}

describe("what cannot be read is a problem that never repeats the password", () => {
  it.each([
    ["http://user:hunter2@localhost", "must be a URL that starts with redis://"],
    ["redis:hunter2@localhost", "must be a URL that starts with redis://"],
    ["redis://user:hunter2@localhost/zero", "not the number of a database"],
    ["redis://user:hunter2@localhost/0/1", "not the number of a database"],
    ["redis://user:hunter2@a,b", "redis+sentinel://host1,host2/mymaster"],
    ["redis://user:hunter2@localhost:99999", "a host that cannot be read"],
    ["redis://user:hunt?er2@localhost", "? as %3F"],
    ["redis://user:hunter2@localhost#x", "a host that cannot be read"],
    ["redis://user:hunt/er2@localhost", "a host that cannot be read"],
    ["redis://user:hunter2%zz@localhost", "write it as %25"],
    ["redis://user@localhost", "a user without a password"],
    ["redis://user:hunter2@localhost?keyPrefix=x", "unknown option keyPrefix"],
    ["redis://user:hunter2@localhost?family=5", "neither 4 nor 6"],
    ["redis+sentinel://user:hunter2@a:1,b:2", "must name the master"],
    ["redis+cluster://user:hunter2@a:1,b:2/3", "has only 0"],
    ["redis+cluster://user:hunter2@a:1,,b b", "a host that cannot be read"],
  ])("%s", (url, expected) => {
    expect(problem(url)).toContain(expected);
    expect(problem(url)).not.toMatch(/hunt|er2/);
  });

  it("whatever is written, it is an address or a problem, and the problem does not tell a long password", () => {
    const part = fc.stringMatching(/^[a-z0-9@:/,?#%[\].=&+-]{0,12}$/);
    const scheme = fc.constantFrom("redis", "rediss", "redis+sentinel", "redis+cluster", "http", "");
    fc.assert(
      fc.property(scheme, part, part, (name, before, after) => {
        const parsed = parseRedisUrl(`${name}://${before}:s3cretpassword@${after}`);
        if (!parsed.ok) expect(parsed.problem).not.toContain("s3cretpassword");
        else expect(describeAddress(parsed.address)).not.toContain(":s3cretpassword@");
      }),
    );
  });
});

describe("what REDIS_URL says", () => {
  it("one server: the port, the database and who signs in, decoded", () => {
    expect(address("redis://localhost")).toEqual({
      kind: "single",
      nodes: [{ host: "localhost", port: 6379 }],
      database: 0,
      tls: false,
    });
    expect(address("rediss://relay:p%40ss%2Fword@cache.example.com:6380/3")).toEqual({
      kind: "single",
      nodes: [{ host: "cache.example.com", port: 6380 }],
      database: 3,
      username: "relay",
      password: "p@ss/word",
      tls: true,
    });
    expect(address("redis://:only@[::1]:6390/?family=6")).toMatchObject({
      nodes: [{ host: "::1", port: 6390 }],
      password: "only",
      family: 6,
    });
    expect(address("redis://:a@b#c@localhost")).toMatchObject({ password: "a@b#c" });
  });

  it("sentinels: their hosts, the master's name, its database, and their own user", () => {
    expect(
      address("redis+sentinel://u:p@one,two:26380/mymaster/2?sentinelUsername=s&sentinelPassword=q%26"),
    ).toEqual({
      kind: "sentinel",
      nodes: [
        { host: "one", port: 26_379 },
        { host: "two", port: 26_380 },
      ],
      master: "mymaster",
      database: 2,
      username: "u",
      password: "p",
      sentinelUsername: "s",
      sentinelPassword: "q&",
      tls: false,
    });
  });

  it("a cluster: its first nodes", () => {
    expect(address("rediss+cluster://:p@one:7000,two:7001")).toEqual({
      kind: "cluster",
      nodes: [
        { host: "one", port: 7000 },
        { host: "two", port: 7001 },
      ],
      password: "p",
      tls: true,
    });
  });

  it("a message names hosts and ports, never who signs in", () => {
    expect(describeAddress(address("redis://u:hunter2@[::1]:7/1"))).toBe("[::1]:7");
    expect(describeAddress(address("redis+sentinel://u:hunter2@a,b/m"))).toBe(
      "m of the sentinels a:26379, b:26379",
    );
    expect(describeAddress(address("redis+cluster://u:hunter2@a,b:1"))).toBe("the cluster a:6379, b:1");
  });
});
