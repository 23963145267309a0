import { expect, it } from "vitest";
import { addressOf, credentialsOf } from "./address.ts";

it("an address says where the server is, with NATS's own port where none is given", () => {
  expect(addressOf("nats://bus")).toEqual({ server: "bus:4222", options: { servers: ["bus:4222"] } });
  expect(addressOf("nats://[::1]:4333").server).toBe("[::1]:4333");
});

it("user and password, or a token, are read from it and never shown", () => {
  const both = addressOf("nats://ada:p%40ss@bus:1");
  expect(both.options).toMatchObject({ user: "ada", pass: "p@ss" });
  expect(both.server).toBe("bus:1");
  const token = addressOf("nats://s3cret@bus:1");
  expect(token.options).toEqual({ servers: ["bus:1"], token: "s3cret" });
  expect(token.server).toBe("bus:1");
  expect(addressOf("nats://ada:100%@bus").options).toMatchObject({ pass: "100%" });
});

it("tls:// insists on TLS, with the name that the certificate has to have", () => {
  expect(addressOf("tls://bus.example.com").options).toMatchObject({ tls: { host: "bus.example.com" } });
  expect(addressOf("tls://[::1]:1").options).toMatchObject({ tls: { host: "::1" } });
  expect(addressOf("nats://bus").options).not.toHaveProperty("tls");
});

it("credentials are read with the line ends that a variable has left of them", () => {
  const text = (content: string) => Buffer.from(credentialsOf(content)).toString();
  const file = "-----BEGIN\nabc\n------END\n";
  expect(text(file)).toBe(file);
  expect(text(String.raw`-----BEGIN\nabc\n------END`)).toBe(file);
  expect(text("-----BEGIN\r\nabc\r\n------END\r\n\r\n")).toBe(file);
});
