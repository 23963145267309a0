import { expect, it } from "vitest";
import { lookAlikes } from "./look-alikes.ts";

const known = [
  { name: "AELYST_API_TOKEN", secret: true },
  { name: "AELYST_RATE_LIMIT", secret: false },
  { name: "HTTP_PROXY", secret: true },
  { name: "PORT", secret: false },
  { name: "REDIS_URL", secret: true },
  { name: "RETENTION_HOURS", secret: false },
  { name: "SHOPIFY_WEBHOOK_SECRET", secret: true },
];

it.each([
  ["AELYST_RATELIMIT", "AELYST_RATE_LIMIT"],
  ["AELYST_TOKEN", "AELYST_API_TOKEN"],
  ["AELYST_API_TOKEN_FIEL", "AELYST_API_TOKEN_FILE"],
  ["RETENTION_HOUR", "RETENTION_HOURS"],
  ["SHOPIFY_SECRET", "SHOPIFY_WEBHOOK_SECRET"],
  ["REDIS_URI", "REDIS_URL"],
])("%s is told as ignored, with the setting that was meant: %s", (name, meant) => {
  expect(lookAlikes({ [name]: "5" }, known)).toEqual([
    `${name} is not a setting and is ignored; did you mean ${meant}?`,
  ]);
});

it("whatever begins as ours and is not is told, also when nothing is near", () => {
  expect(lookAlikes({ AELYST_COLOUR: "red" }, known)).toEqual([
    "AELYST_COLOUR is not a setting and is ignored",
  ]);
});

it("a file for what is no secret is told", () => {
  expect(lookAlikes({ PORT_FILE: "/run/port" }, known)).toEqual([
    "PORT_FILE is not read: only secrets can be given as a file; set PORT",
  ]);
});

it.each([
  ["settings", ["PORT", "AELYST_API_TOKEN", "AELYST_API_TOKEN_FILE", "REDIS_URL_FILE"]],
  ["other programs", ["PATH", "HOME", "NODE_ENV", "PORTS", "FTP_PROXY", "ALL_PROXY", "HOSTNAME", "SHELL"]],
  ["a cluster's", ["REDIS_PORT", "REDIS_SERVICE_HOST", "REDIS_PORT_6379_TCP", "KUBERNETES_SERVICE_HOST"]],
  ["names in lower case", ["aelyst_token", "npm_config_user_agent"]],
])("%s are not remarked on", (_, names) => {
  expect(lookAlikes(Object.fromEntries(names.map((name) => [name, "x"])), known)).toEqual([]);
});
