import { contactTag } from "../contact/contact-ref.ts";
import type { MappingReport, RelayEvent } from "../contact/event.ts";
import { tracedAs, traceOf } from "../contact/trace-context.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { MapOutcome } from "./map-event.ts";
import type { ShapeWatch } from "./shape-watch.ts";

export interface EventReportOptions {
  readonly shapes: ShapeWatch;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Tells the operator what became of mapping an event. */
export function createEventReport({ shapes, log, metrics }: EventReportOptions) {
  function watchShape(event: RelayEvent, report: MappingReport): void {
    for (const { source, type, form, kind, name, from } of shapes.observe(event, report)) {
      metrics.shapeChanged(source, kind);
      const text =
        kind === "field-missing"
          ? "a mapped field has stopped appearing in this source's payloads"
          : "this source's form has a new answer that no field is made of";
      log.warn({ source, type, form, name, from }, text);
    }
  }

  return (event: RelayEvent, outcome: MapOutcome): void => {
    metrics.mapped(event.source, outcome.outcome);
    // Of what the source filters out nothing was looked for.
    const isFiltered = outcome.outcome === "ignored" && outcome.reason === "filtered";
    if ("report" in outcome && outcome.report && !isFiltered) watchShape(event, outcome.report);
    const about = {
      event: event.id,
      source: event.source,
      type: event.type,
      ...tracedAs(traceOf(event.attributes)),
    };
    switch (outcome.outcome) {
      case "failed":
        metrics.parked(outcome.reason);
        log.error(
          { ...about, reason: outcome.reason, message: outcome.message },
          "event could not be mapped; kept for a replay",
        );
        return;
      case "later": {
        const line = { ...about, reason: outcome.message, delayMs: outcome.delayMs };
        if (outcome.because === "answer") {
          log.warn(line, "event cannot be completed yet; it will be tried again");
        } else {
          log.debug(line, "event waits to be completed");
        }
        return;
      }
      case "ignored":
        log.info({ ...about, reason: outcome.reason }, "event ignored");
        return;
      case "erased":
        log.info(about, "contact erased on request");
        return;
      case "mapped": {
        const fieldsLeftOut = outcome.warnings.map((warning) => warning.field);
        if (fieldsLeftOut.length === 0 && !log.isLevelEnabled("debug")) return;
        const contacts = outcome.updates.map((update) => contactTag(update.contact));
        if (fieldsLeftOut.length > 0) log.warn({ ...about, contacts, fieldsLeftOut }, "event mapped in part");
        else log.debug({ ...about, contacts }, "event mapped");
      }
    }
  };
}
