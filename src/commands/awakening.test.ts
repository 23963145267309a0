import { expect, it } from "vitest";
import type { ContactRef } from "../contact/contact-ref.ts";
import { startAwakening, type AwakeningLine } from "./awakening.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function line(
  name: string,
  missingContact: "park" | "wait" | "create",
  trouble?: "awaiting" | "wakeMissing" | "none",
  underWay = false,
) {
  const ended: (() => void)[] = [];
  let isWell = false;
  const told: string[] = [];
  const failing = (what: typeof trouble) => {
    if (what === trouble && !isWell) throw new Error("the store is away");
  };
  const given = {
    workspace: { name, api: { missingContact } },
    found: {
      store: {
        mailbox: {
          async awaiting(names: readonly ContactRef[]) {
            told.push(`look ${names.join()}`);
            failing("awaiting");
            return ["phone:+60123456789"];
          },
        },
        async wakeMissing(contacts: readonly ContactRef[]) {
          told.push(`wake ${contacts.join()}`);
          failing("wakeMissing");
          if (underWay) await new Promise<void>((resolve) => ended.push(resolve));
        },
      },
    },
    metrics: { storeError: (where: string) => told.push(`error ${where}`) },
    log: { warn: () => told.push("warned") },
  };
  const mend = () => void (isWell = true);
  const fail = () => void (isWell = false);
  return { told, ended, mend, trouble: fail, line: given as unknown as AwakeningLine };
}

it("those who wait for a contact are looked for and woken, in the workspace that told of it", async () => {
  const [a, b] = [line("a", "wait"), line("b", "create")];
  const awakener = startAwakening([a.line, b.line]);
  awakener.tell("b", ["id:7"]);
  awakener.tell("gone", ["id:8"]);
  await settled();
  expect([a.told, b.told]).toEqual([[], ["look id:7", "wake phone:+60123456789"]]);
});

it("where missing contacts are parked, the store is asked nothing", async () => {
  const { told, line: parking } = line("default", "park");
  startAwakening([parking]).tell("default", ["id:7"]);
  await settled();
  expect(told).toEqual([]);
});

it("a run that is under way is waited for once, however often its contact is told of", async () => {
  const { told, ended, line: busy } = line("default", "wait", "none", true);
  const awakener = startAwakening([busy]);
  for (const id of ["id:7", "id:8", "id:7"] as const) {
    awakener.tell("default", [id]);
    await settled();
  }
  expect(told.filter((step) => step.startsWith("wake"))).toEqual(["wake phone:+60123456789"]);
  for (const end of ended) end();
  await settled();
  awakener.tell("default", ["id:7"]);
  await settled();
  expect(told.at(-1)).toBe("wake phone:+60123456789");
  expect(told.filter((step) => step.startsWith("wake"))).toHaveLength(2);
});

it.each(["awaiting", "wakeMissing"] as const)(
  "a store that fails at %s is counted and told, and the next are woken",
  async (trouble) => {
    const { told, line: troubled } = line("default", "wait", trouble);
    const awakener = startAwakening([troubled]);
    awakener.tell("default", ["id:7"]);
    await settled();
    expect(told.slice(-2)).toEqual(["error wake", "warned"]);
    awakener.tell("default", ["id:8"]);
    await settled();
    expect(told).toContain("look id:8");
    expect(told.filter((step) => step === "error wake")).toHaveLength(2);
    expect(told.filter((step) => step === "warned")).toHaveLength(1);
  },
);

it("a store that fails again after it went well is told again", async () => {
  const { told, line: troubled, mend, trouble } = line("default", "wait", "awaiting");
  const awakener = startAwakening([troubled]);
  for (const change of [() => {}, mend, trouble]) {
    change();
    awakener.tell("default", ["id:7"]);
    await settled();
  }
  expect(told.filter((step) => step === "warned")).toHaveLength(2);
});
