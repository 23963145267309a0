import { describe, expect, it } from "vitest";
import { runRedis, withoutRedis } from "../helpers/redis-process.ts";
import { finishCommand } from "../helpers/relay-process.ts";

describe.skipIf(withoutRedis())("the demo with a Redis near it", () => {
  it("pulls from a stream of its own, which it takes away again", async () => {
    const server = await runRedis();
    try {
      const { code, out } = await finishCommand(
        ["demo", "--json", "--redis", `redis://127.0.0.1:${server.port}`],
        {},
      );
      const result = JSON.parse(out) as { ok: boolean; answers: { pulled: number } };
      expect({ code, ok: result.ok }).toEqual({ code: 0, ok: true });
      expect(result.answers.pulled).toBeGreaterThan(50);
      expect(await server.command("DBSIZE")).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it("says why a Redis that was named cannot be its bus", async () => {
    const { code, err } = await finishCommand(["demo", "--redis", "redis://127.0.0.1:1"], {});
    expect(code).toBe(1);
    expect(err).toContain("Redis at 127.0.0.1:1 does not answer");
  });
});
