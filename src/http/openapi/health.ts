import { z } from "zod";
import { aliveAnswer, readinessAnswer } from "../schemas/state.ts";
import { failed, json, tokenRefused, type Operation } from "./operation.ts";

export const healthOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/healthz",
    id: "isAlive",
    tag: "health",
    summary: "Is the process alive?",
    answers: { 200: json("It is.", aliveAnswer) },
  },
  {
    method: "get",
    path: "/readyz",
    id: "isReady",
    tag: "health",
    summary: "Can it do its work?",
    description: "Asks the store, for at most 1.5 s.",
    answers: {
      200: json("It can.", readinessAnswer),
      503: json("It cannot, and why.", readinessAnswer),
    },
  },
  {
    method: "get",
    path: "/metrics",
    id: "metrics",
    tag: "health",
    summary: "Metrics for Prometheus.",
    description:
      "With `ADMIN_TOKEN` as the bearer token. Where it is not set, they are for requests made on the machine itself.",
    answers: {
      200: {
        description: "The text format of Prometheus. Names start with `relay_`.",
        content: { "text/plain": z.string() },
      },
      ...tokenRefused,
      503: failed("The metrics could not be collected."),
    },
  },
  {
    method: "get",
    path: "/openapi.json",
    id: "openapi",
    tag: "health",
    summary: "This document.",
    answers: { 200: json("OpenAPI 3.1.", z.looseObject({ openapi: z.string() })) },
  },
];
