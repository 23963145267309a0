import * as fc from "fast-check";
import { expect, it } from "vitest";
import { contact, ok, policy } from "../../test/helpers/delivery-stage.ts";
import { createMemoryMailbox } from "../../test/helpers/memory-mailbox.ts";
import type { FieldsRead } from "../aelyst/custom-fields.ts";
import { contactBody, customField, type ContactPatch, type FieldValue } from "../contact/contact-patch.ts";
import type { ContactUpdate } from "../contact/event.ts";
import { makeStamp } from "../contact/stamp.ts";
import { workspaceFields } from "../contact/workspace-field.ts";
import { validateBody } from "../sandbox/validate.ts";
import type { Parked } from "../store/store.ts";
import { deliverContact } from "./deliver-contact.ts";
import { createFieldWatch } from "./field-watch.ts";
import type { SenderAnswer } from "./send.ts";

const names = ["Plan", "Score", "Note"] as const;
const options = ["a", "b", "c"];

interface WorkspaceState {
  readonly options: readonly string[];
  readonly has: readonly (typeof names)[number][];
  readonly tells: boolean;
}
const everything: WorkspaceState = { options, has: names, tells: true };

/** What the workspace makes of a value that it takes. */
const held = (name: string, value: FieldValue) => (name === "Score" ? Number(value) : value);

type Action =
  | { do: "post"; at: number; values: Readonly<Partial<Record<(typeof names)[number], FieldValue>>> }
  | { do: "run"; api: "well" | "busy" | "lost answer" | "dies while it parks" | "dies before it settles" }
  | { do: "change"; to: WorkspaceState }
  | { do: "retry" }
  | { do: "wait"; ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({
    do: fc.constant("post" as const),
    at: fc.integer({ min: 1, max: 5 }),
    values: fc.record(
      {
        Plan: fc.constantFrom(...options),
        Score: fc.constantFrom<FieldValue>(1, 2, "3", "04", "many"),
        Note: fc.constantFrom("x", "y"),
      },
      { requiredKeys: [] },
    ),
  }),
  fc.record({
    do: fc.constant("run" as const),
    api: fc.constantFrom(
      "well",
      "well",
      "busy",
      "lost answer",
      "dies while it parks",
      "dies before it settles",
    ),
  }),
  fc.record({
    do: fc.constant("change" as const),
    to: fc.record({ options: fc.subarray(options), has: fc.subarray([...names]), tells: fc.boolean() }),
  }),
  fc.record({ do: fc.constant("retry" as const) }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(1_000, 61_000, 3_600_001) }),
);

class Died extends Error {}

/** One contact, its mailbox and its job, as a worker keeps them. */
function createWorld() {
  let now = 1_000_000;
  let workspace = everything;
  let nth = 0;
  /** What an operator sees, and what a job holds whose run was cut off. */
  let kept: Parked[] = [];
  let cutOff: readonly Parked[] = [];
  const clock = () => now;
  const mailbox = createMemoryMailbox(clock);
  const posted: ContactUpdate[] = [];
  const api = new Map<string, FieldValue>();
  const refusals: string[] = [];
  const watch = createFieldWatch({
    read: (): Promise<FieldsRead> =>
      Promise.resolve(
        workspace.tells
          ? { kind: "read", fields: workspaceFields(fieldsOf(workspace), true), pages: 1 }
          : { kind: "forbidden", status: 403, message: "403" },
      ),
    clock,
    sleep: (_delayMs, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve(false))),
    onRead: () => undefined,
  });

  function put(patch: ContactPatch): SenderAnswer {
    const customFields = Object.fromEntries(fieldsOf(workspace).map(({ name, ...rule }) => [name, rule]));
    const valid = validateBody(contactBody(patch), { customFields, requireFirstName: false });
    if (!valid.ok) {
      refusals.push(valid.message);
      return { kind: "invalid", status: 400, message: valid.message };
    }
    for (const [name, value] of valid.custom) api.set(name, value);
    return ok;
  }

  async function run(how: Extract<Action, { do: "run" }>["api"]): Promise<void> {
    await mailbox.post(cutOff.flatMap(({ updates }) => updates));
    cutOff = [];
    let keeping: readonly Parked[] = [];
    const delivery = await deliverContact(
      contact,
      { busy: 0, failures: 0 },
      {
        mailbox: {
          ...mailbox,
          async settle(of, settlement) {
            if (how === "dies before it settles") throw new Died();
            return await mailbox.settle(of, settlement);
          },
        },
        send: async (_contact, _signal, compose) => {
          const patch = await compose();
          if (patch === undefined) return { kind: "nothing-to-send" };
          if (how === "busy") return { kind: "busy", status: 449, retryAfterMs: undefined };
          const answer = put(patch);
          return how === "lost answer" && answer.kind === "ok"
            ? {
                kind: "unavailable",
                reason: "timeout",
                status: undefined,
                message: "",
                retryAfterMs: undefined,
              }
            : answer;
        },
        create: () => Promise.reject(new Error("nobody is to be created here")),
        creating: async () => undefined,
        fields: watch,
        policy: { ...policy, maxAgeMs: Number.POSITIVE_INFINITY },
        clock,
        random: () => 0,
        observer: { updatesPerRequest: () => undefined, acceptedToDelivered: () => undefined },
        keep: async (parked) => {
          cutOff = parked;
          keeping = parked;
          if (how === "dies while it parks") throw new Died();
          return parked.map((_, index) => `dlv_1.${index}`);
        },
        renamedTo: async () => undefined,
        wake: async () => undefined,
        wakeMissing: async () => undefined,
        updatesOf: async (eventId) => posted.filter((update) => update.eventId === eventId),
        signal: new AbortController().signal,
      },
    ).catch((error: unknown) => {
      if (!(error instanceof Died)) throw error;
      return undefined;
    });
    if (delivery === undefined) return;
    cutOff = [];
    if (delivery.kind === "parked") kept.push(...keeping);
  }

  async function act(action: Action): Promise<void> {
    switch (action.do) {
      case "post": {
        nth += 1;
        const id = `evt${nth}`;
        const patch = Object.fromEntries(
          Object.entries(action.values).map(([name, value]) => [customField(name), value]),
        );
        const stamp = makeStamp({ occurredAt: action.at, receivedAt: now, id, replay: 0 });
        const update: ContactUpdate = { id, eventId: id, contact, patch, stamp, receivedAt: now };
        if (Object.keys(patch).length === 0) return;
        posted.push(update);
        await mailbox.post([update]);
        return;
      }
      case "run":
        return await run(action.api);
      case "change":
        workspace = action.to;
        return;
      case "retry": {
        const updates = kept.flatMap((item) => item.updates);
        kept = [];
        await mailbox.post(updates.map((update) => ({ ...update, receivedAt: now })));
        return;
      }
      case "wait":
        now += action.ms;
    }
  }

  return { act, mailbox, posted, api, refusals, kept: () => kept };
}

function fieldsOf({ has, options }: WorkspaceState) {
  return has.map((name) =>
    name === "Plan"
      ? { name, type: "list" as const, options: [...options, "never"] }
      : { name, type: name === "Score" ? ("number" as const) : ("text" as const) },
  );
}

/** The newest value of a field among those that a workspace with everything takes, and whether one that it does not is newer. */
function expected(posted: readonly ContactUpdate[], name: (typeof names)[number]) {
  const newestFirst = posted
    .flatMap(({ patch, stamp }) => {
      const value = patch[customField(name)];
      return value === undefined ? [] : [{ value, stamp }];
    })
    .toSorted((a, b) => (a.stamp < b.stamp ? 1 : -1));
  const takes = ({ value }: { value: FieldValue }) => value !== "many" && value !== "04";
  return {
    newest: newestFirst.find(takes),
    isParked: newestFirst[0] !== undefined && !takes(newestFirst[0]),
  };
}

it("whatever the workspace, the API, crashes and retries do, in the end the newest value is there or parked", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 30 }), async (actions) => {
      const world = createWorld();
      for (const one of actions) await world.act(one);
      await world.act({ do: "change", to: everything });
      for (let round = 0; round < 3; round += 1) {
        await world.act({ do: "wait", ms: 61_000 });
        await world.act({ do: "retry" });
        await world.act({ do: "run", api: "well" });
        await world.act({ do: "run", api: "well" });
      }
      expect((await world.mailbox.read(contact, false)).waiting).toEqual([]);
      const parked = new Set(world.kept().flatMap(({ fields = [] }) => fields));
      for (const name of names) {
        const { newest, isParked } = expected(world.posted, name);
        expect(parked.has(customField(name))).toBe(isParked);
        if (newest) expect(world.api.get(name)).toBe(held(name, newest.value));
      }
    }),
    { numRuns: 500 },
  );
});

it("a workspace that does not change refuses nothing that it has told", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        action.filter(
          (one) =>
            one.do === "post" || one.do === "wait" || (one.do === "run" && !one.api.startsWith("dies")),
        ),
        { maxLength: 20 },
      ),
      async (actions) => {
        const world = createWorld();
        for (const one of actions) await world.act(one);
        expect(world.refusals).toEqual([]);
      },
    ),
    { numRuns: 300 },
  );
});
