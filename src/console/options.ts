import type { Context, Hono } from "hono";
import type { Child } from "hono/jsx";
import type { Access } from "../http/access.ts";
import type { Seals } from "../http/masking.ts";
import type { Role } from "../http/sessions.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Assets } from "./assets.ts";
import type { ExampleRun, ProcessFacts, SourceFacts } from "./facts.ts";
import type { View } from "./view.ts";

export type SampleSent =
  | { readonly ok: true; readonly status: number; readonly text: string }
  | { readonly ok: false; readonly message: string };

export interface ConsoleOptions {
  readonly api: Hono;
  readonly access: Access;
  readonly seals: Seals | undefined;
  readonly assets: Assets;
  readonly destinations: readonly string[];
  readonly version: string;
  readonly clock: () => number;
  readonly log: Logger;
  /** Writes into the audit log what was done here and by no route of the API. Never rejects. */
  record(role: Role, act: "sign-in" | "sign-out" | "personal-data-shown", target?: string): Promise<void>;
  readonly process: ProcessFacts;
  /** Bull Board below `/console/queues`; undefined where it is off. */
  readonly board?: (() => Promise<Hono>) | undefined;
  factsOf(source: string): SourceFacts | undefined;
  /** Runs all of them: for the page of the source alone. */
  runExamples(source: string): Promise<readonly ExampleRun[]>;
  /** Signs a sample of the source's provider and has it received as any other. */
  sendSample(source: string, sample: string): Promise<SampleSent>;
}

export type PageStatus = 200 | 400 | 403 | 404 | 503;

/** What a request for a page is answered with, once it is known who asks. */
export interface Pages {
  view(context: Context): View;
  page(context: Context, view: View, title: string, content: Child, status?: PageStatus): Response;
  /** The fields of a form, and the view that they keep. */
  form(context: Context): Promise<{ readonly form: URLSearchParams; readonly view: View }>;
  /** To another page, after something was done. */
  done(
    context: Context,
    view: View,
    path: string,
    said: string,
    params?: Readonly<Record<string, string>>,
  ): Response;
}
