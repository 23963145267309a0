import { expect, it } from "vitest";
import { createCircuit, failingContactsMax } from "./circuit.ts";

const contact = (n: number) => `id:${n + 1}` as const;

it("opens when ten different contacts fail with no good answer between", () => {
  const circuit = createCircuit();
  for (let n = 0; n < failingContactsMax - 1; n += 1) expect(circuit.failed(contact(n), false)).toBe(0);
  expect(circuit.failed(contact(99), false)).toBe(1);
});

it("one contact that fails again and again does not open it", () => {
  const circuit = createCircuit();
  for (let n = 0; n < 100; n += 1) expect(circuit.failed(contact(1), false)).toBe(0);
});

it("a good answer between starts the count anew", () => {
  const circuit = createCircuit();
  for (let n = 0; n < 9; n += 1) circuit.failed(contact(n), false);
  expect(circuit.succeeded()).toBe(false);
  for (let n = 0; n < 9; n += 1) expect(circuit.failed(contact(n), false)).toBe(0);
});

function open() {
  const circuit = createCircuit();
  for (let n = 0; n < failingContactsMax; n += 1) circuit.failed(contact(n), false);
  return circuit;
}

it("counts the failed probes while open, and a good answer closes it", () => {
  const circuit = open();
  expect(circuit.failed(contact(1), true)).toBe(2);
  expect(circuit.failed(contact(1), true)).toBe(3);
  expect(circuit.succeeded()).toBe(true);
  expect(circuit.failed(contact(1), false)).toBe(0);
});

it("what was on the wire when it opened makes the pause no longer", () => {
  const circuit = open();
  for (let n = 0; n < 100; n += 1) expect(circuit.failed(contact(n), false)).toBe(0);
  expect(circuit.failed(contact(1), true)).toBe(2);
});

it("a probe that fails opens it here too, when another process had opened it", () => {
  expect(createCircuit().failed(contact(1), true)).toBe(1);
});

it("is closed when another process has found the API well again", () => {
  const circuit = open();
  circuit.passed();
  expect(circuit.failed(contact(1), false)).toBe(0);
  expect(circuit.succeeded()).toBe(false);
});

it("ordinary requests that pass do not start the count anew", () => {
  const circuit = createCircuit();
  for (let n = 0; n < failingContactsMax - 1; n += 1) {
    circuit.passed();
    expect(circuit.failed(contact(n), false)).toBe(0);
  }
  circuit.passed();
  expect(circuit.failed(contact(99), false)).toBe(1);
});
