import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { configuredPlace, readPlace, removal, settingFor } from "./places.ts";

function placeOf(text: string, prefix = "relay") {
  const read = readPlace("--from", text, prefix);
  if (!read.ok) throw new Error(read.problem);
  return read.place;
}

describe("what --from and --to take", () => {
  it.each([
    ["./data", resolve("data")],
    ["/var/lib/relay", "/var/lib/relay"],
    ["file:./data", resolve("data")],
    ["file:///var/lib/my%20relay", "/var/lib/my relay"],
    ["C:\\relay", resolve("C:\\relay")],
  ])("%s is a directory", (text, dataDir) => {
    expect(placeOf(text).settings).toEqual({ engine: "embedded", dataDir });
  });

  it.each([
    ["redis://u:hunter2@cache", "redis cache:6379/0, prefix relay"],
    ["rediss://:hunter2@cache:7000/3", "redis cache:7000/3, prefix relay"],
    ["postgres://u:hunter2@db/crm", "postgres db:5432/crm, prefix relay"],
    ["postgresql:///crm?host=/run", "postgres localhost:5432/crm, prefix relay"],
  ])("%s is a server, named without its password", (text, name) => {
    expect(placeOf(text).name).toBe(name);
  });

  it.each(["", "  ", "file:", "file://host/share%", "mysql://u:hunter2@db", "http://x", "redis://["])(
    "%j is none, and is not repeated",
    (text) => {
      const read = readPlace("--to", text, "relay");
      expect(read).toMatchObject({ ok: false, problem: expect.stringContaining("--to must be a directory") });
      expect(JSON.stringify(read)).not.toContain("hunter2");
    },
  );

  it("names the configured store as it would be written, never its password", () => {
    expect(configuredPlace({ REDIS_URL: "redis://:hunter2@cache" })).toBe('"$REDIS_URL"');
    expect(configuredPlace({ DATABASE_URL: "postgres://u:hunter2@db" })).toBe('"$DATABASE_URL"');
    expect(configuredPlace({ DATA_DIR: "/srv/relay" })).toBe("/srv/relay");
    expect(configuredPlace({ REDIS_URL: " " })).toBe("./data");
  });

  it("tells how to use one and how to remove one, prefix included", () => {
    expect(settingFor(placeOf("redis://:hunter2@cache", "crm"))).toBe(
      "REDIS_URL naming it and STORE_PREFIX=crm",
    );
    expect(removal(placeOf("redis://:hunter2@cache", "crm"))).toContain("'{crm}:*'");
    expect(removal(placeOf("postgres://u:hunter2@db", "crm"))).toContain("DROP SCHEMA relay_crm CASCADE");
    expect(removal(placeOf("/srv/relay"))).toBe("rm -r /srv/relay/pg");
  });
});
