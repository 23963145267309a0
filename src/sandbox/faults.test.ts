import { describe, expect, it } from "vitest";
import { createFaults, faultSchema, type Fault, type Faults } from "./faults.ts";
import { seededRandom } from "./seeded-random.ts";

const create = () => createFaults(seededRandom(1));
const kinds = (faults: Faults, count: number, now = 0) =>
  Array.from({ length: count }, () => faults.decide("id:1", now).kind);

it("one request spends one fault: the first that fits", () => {
  const faults = create();
  faults.add({ status: 500, times: 2 }, 0);
  faults.add({ drop: "after", times: 1 }, 0);
  faults.add({ hang: true, times: 1 }, 0);
  expect(kinds(faults, 5)).toEqual(["status", "status", "drop-after", "hang", "none"]);
  expect(faults.list(0)).toEqual([]);
});

it("a revoked token and latency spend nothing else", () => {
  const faults = create();
  faults.add({ status: 500, times: 1 }, 0);
  faults.add({ unauthorized: true, times: 1 }, 0);
  faults.add({ latencyMs: 30, times: 1 }, 0);
  expect([faults.revokesToken(0), faults.revokesToken(0)]).toEqual([true, false]);
  expect([faults.latencyMs(0), faults.latencyMs(0)]).toEqual([30, 0]);
  expect(kinds(faults, 2)).toEqual(["status", "none"]);
});

it("a contact is busy for so long, and no other with it", () => {
  const faults = create();
  faults.add({ busy: "email:Ada@Example.com", forMs: 1_000 }, 5_000);
  expect(faults.decide("email:ada@example.com", 5_999).kind).toBe("busy");
  expect(faults.decide("email:bob@example.com", 5_999).kind).toBe("none");
  expect(faults.decide(undefined, 5_999).kind).toBe("none");
  expect(faults.list(5_999)).toHaveLength(1);
  expect(faults.decide("email:ada@example.com", 6_000).kind).toBe("none");
  expect(faults.list(6_000)).toEqual([]);
});

it("a token that is valid again leaves the other faults on", () => {
  const faults = create();
  faults.add({ unauthorized: true }, 0);
  faults.add({ status: 500 }, 0);
  faults.add({ unauthorized: false }, 0);
  expect(faults.revokesToken(0)).toBe(false);
  expect(faults.list(0)).toEqual([{ status: 500, left: null }]);
});

it("latency is set, not added up; that of some requests comes on top", () => {
  const faults = create();
  faults.add({ latencyMs: 200 }, 0);
  faults.add({ latencyMs: 50 }, 0);
  faults.add({ latencyMs: 5, times: 1 }, 0);
  expect([faults.latencyMs(0), faults.latencyMs(0)]).toEqual([55, 50]);
});

describe("a fault with a probability", () => {
  const struck = (fault: Fault) => {
    const faults = createFaults(() => 0.999);
    faults.add(fault, 0);
    return kinds(faults, 1_000).map((kind) => kind === "status");
  };

  it("strikes the same requests for the same seed, others for another, and about as many as it says", () => {
    const first = struck({ status: 500, probability: 0.2, seed: 7 });
    expect(struck({ status: 500, probability: 0.2, seed: 7 })).toEqual(first);
    expect(struck({ status: 500, probability: 0.2, seed: 8 })).not.toEqual(first);
    const share = first.filter(Boolean).length / first.length;
    expect(share).toBeGreaterThan(0.15);
    expect(share).toBeLessThan(0.25);
  });

  it("of 1 strikes always, of 0 never, and without a seed as the sandbox draws", () => {
    expect(struck({ status: 500, probability: 1 }).every(Boolean)).toBe(true);
    expect(struck({ status: 500, probability: 0, seed: 1 }).some(Boolean)).toBe(false);
    expect(struck({ status: 500, probability: 0.9 }).some(Boolean)).toBe(false);
  });
});

it.each([
  {},
  { status: 99 },
  { status: 100 },
  { status: 600 },
  { status: 500, times: 0 },
  { status: 500, probability: 2 },
  { status: 429, retryAfter: "1\r\nX-Evil: 1" },
  { status: 302, location: "https://example.com/\n" },
  { busy: "Ada" },
  { busy: "phone:0123" },
  { hang: false },
  { drop: "during" },
  { latencyMs: -1 },
  { rate: -1 },
  { rate: 5, limiter: "leaky-bucket" },
  { hang: true, explode: true },
  null,
  [],
  "hang",
])("%j is no fault", (fault) => {
  expect(faultSchema.safeParse(fault).success).toBe(false);
});

it("a firewall refuses a body that holds its text, whoever it is for, and no other", () => {
  const faults = create();
  faults.add({ firewall: '<script src="x">' }, 0);
  expect(faults.blocks({ firstName: 'Ada <script src="x">' }, 0)).toBe(true);
  expect(faults.blocks({ custom_fields: [{ name: "Note", value: '<script src="x">' }] }, 0)).toBe(true);
  expect(faults.blocks({ firstName: "Ada" }, 0)).toBe(false);
  expect(kinds(faults, 1)).toEqual(["none"]);
});

it("a status can be one contact's own", () => {
  const faults = create();
  faults.add({ status: 500, contact: "id:7" }, 0);
  expect(faults.decide("id:7", 0).kind).toBe("status");
  expect(faults.decide("id:8", 0).kind).toBe("none");
});
