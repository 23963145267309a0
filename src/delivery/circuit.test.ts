import { expect, it } from "vitest";
import { createCircuit, failingContactsMax } from "./circuit.ts";

const contact = (n: number) => `id:${n + 1}` as const;

it("opens when ten different contacts fail with no good answer between", () => {
  const circuit = createCircuit();
  for (let n = 0; n < failingContactsMax - 1; n += 1) expect(circuit.failed(contact(n))).toBe(0);
  expect(circuit.failed(contact(99))).toBe(1);
});

it("one contact that fails again and again does not open it", () => {
  const circuit = createCircuit();
  for (let n = 0; n < 100; n += 1) expect(circuit.failed(contact(1))).toBe(0);
});

it("a good answer between starts the count anew", () => {
  const circuit = createCircuit();
  for (let n = 0; n < 9; n += 1) circuit.failed(contact(n));
  expect(circuit.succeeded()).toBe(false);
  for (let n = 0; n < 9; n += 1) expect(circuit.failed(contact(n))).toBe(0);
});

it("counts the failed probes while open, and a good answer closes it", () => {
  const circuit = createCircuit();
  for (let n = 0; n < failingContactsMax; n += 1) circuit.failed(contact(n));
  expect(circuit.failed(contact(1))).toBe(2);
  expect(circuit.failed(contact(1))).toBe(3);
  expect(circuit.succeeded()).toBe(true);
  expect(circuit.failed(contact(1))).toBe(0);
});
