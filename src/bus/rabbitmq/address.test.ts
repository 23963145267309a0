import { expect, it } from "vitest";
import { readAddress } from "./address.ts";

it("an address says server, user, password and virtual host, each decoded once", () => {
  const { options, server, virtualHost } = readAddress("amqps://me:s3%25%C3%BC@[::1]/crm%2Feu?heartbeat=5");
  expect(options).toEqual({
    protocol: "amqps",
    hostname: "::1",
    port: 5671,
    username: "me",
    password: "s3%ü",
    // The client decodes it once more.
    vhost: "crm%2Feu",
    heartbeat: 5,
  });
  expect([server, virtualHost]).toEqual(["[::1]:5671", "crm/eu"]);
});

it("what it leaves out is usual", () => {
  for (const text of ["amqp://bus", "amqp://bus/", "amqp://bus/?heartbeat=soon"]) {
    const { options, server, virtualHost } = readAddress(text);
    expect(options).toEqual({ protocol: "amqp", hostname: "bus", port: 5672, heartbeat: 20 });
    expect([server, virtualHost]).toEqual(["bus:5672", "/"]);
  }
});
