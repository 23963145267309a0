import { z } from "zod";
import { contactAnswer, erasedAnswer } from "../schemas/contacts.ts";
import { errorAnswer } from "../schemas/error.ts";
import {
  eventAnswer,
  eventsAnswer,
  eventsQuery,
  previewAnswer,
  previewQuestion,
  replayedAnswer,
} from "../schemas/events.ts";
import {
  droppedAnswer,
  failureAnswer,
  failureId,
  failuresAnswer,
  failuresQuery,
  retriedAnswer,
} from "../schemas/failures.ts";
import { sourcesAnswer, statusAnswer, statusOfAll, statusUnavailable } from "../schemas/state.ts";
import { contactRef, destinationAsked, eventId } from "../schemas/values.ts";
import { failed, json, operatorAnswers, type Operation } from "./operation.ts";

const event = { id: eventId.describe("Which event.") };
const failure = { id: failureId };
const contact = { ref: contactRef.describe("Which contact, percent-encoded.") };

const statusOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/status",
    id: "status",
    tag: "admin",
    summary: "Queues, pace, upstream, spool.",
    answers: {
      200: json("How the relay is.", z.union([statusAnswer, statusOfAll])),
      503: json("The store does not answer.", z.union([statusUnavailable, errorAnswer])),
    },
  },
  {
    method: "get",
    path: "/admin/sources",
    id: "listSources",
    tag: "admin",
    summary: "The sources, and what has changed in their payloads.",
    answers: { 200: json("Every configured source.", sourcesAnswer) },
  },
];

const eventOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/events",
    id: "listEvents",
    tag: "admin",
    summary: "The event log, newest first, in pages.",
    description:
      "A parameter that is empty counts as absent. A page can be shorter than `limit`, even empty, and still have a next one.",
    query: eventsQuery.shape,
    answers: {
      200: json("One page.", eventsAnswer),
      400: failed("The filter cannot be read."),
    },
  },
  {
    method: "get",
    path: "/admin/events/{id}",
    id: "showEvent",
    tag: "admin",
    summary: "One event: its payload, where every value came from, what became of each field.",
    parameters: event,
    answers: {
      200: json("The event.", eventAnswer),
      404: failed("There is no such event, or it is older than its retention."),
    },
  },
  {
    method: "post",
    path: "/admin/events/{id}/replay",
    id: "replayEvent",
    tag: "admin",
    summary: "Map and deliver it again with the current mapping.",
    description: "It wins over its own earlier run, never over newer events.",
    parameters: event,
    answers: {
      200: json("It will be mapped again.", replayedAnswer),
      404: failed("There is no such event, or it is older than its retention."),
      409: failed("It is still being worked on."),
      410: failed("Its payload was erased or dropped."),
    },
  },
  {
    method: "post",
    path: "/admin/preview",
    id: "preview",
    tag: "admin",
    summary: "What a payload would become.",
    description: "Nothing is stored, sent or asked, and no signature is needed.",
    body: { description: "The question.", content: { "application/json": previewQuestion } },
    answers: {
      200: json("What `contact-relay map` prints.", previewAnswer),
      400: failed("That is no question."),
      404: failed("There is no such source."),
    },
  },
];

const contactOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/contacts/{ref}",
    id: "showContact",
    tag: "admin",
    summary: "One contact: what waits, what was applied by which event, its history.",
    parameters: contact,
    answers: {
      200: json("What is known of it.", contactAnswer),
      400: failed("That names no contact."),
      404: failed("Nothing is known of it."),
    },
  },
  {
    method: "delete",
    path: "/admin/contacts/{ref}",
    id: "eraseContact",
    tag: "admin",
    summary: "Erase everything held about the contact.",
    description: "May be repeated. Duplicates of its events stay refused. The API itself is not asked.",
    parameters: contact,
    answers: {
      200: json("Nothing of it is left here.", erasedAnswer),
      400: failed("That names no contact."),
    },
  },
];

const failureOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/failures",
    id: "listFailures",
    tag: "admin",
    summary: "What is parked: deliveries before events, newest first, in pages.",
    query: failuresQuery.shape,
    answers: {
      200: json("One page.", failuresAnswer),
      400: failed("`limit` or `cursor` is none."),
    },
  },
  {
    method: "get",
    path: "/admin/failures/{id}",
    id: "showFailure",
    tag: "admin",
    summary: "One parked item.",
    parameters: failure,
    answers: {
      200: json("The item.", failureAnswer),
      404: failed("Nothing is parked under this id."),
    },
  },
  {
    method: "post",
    path: "/admin/failures/{id}/retry",
    id: "retryFailure",
    tag: "admin",
    summary: "Retry one.",
    description: "It keeps its old stamps, so that it cannot overwrite what has become newer since.",
    parameters: failure,
    answers: {
      200: json("It was taken up again.", retriedAnswer),
      404: failed("Nothing is parked under this id."),
    },
  },
  {
    method: "post",
    path: "/admin/failures/retry",
    id: "retryAllFailures",
    tag: "admin",
    summary: "Retry all.",
    answers: { 200: json("All were taken up again.", retriedAnswer) },
  },
  {
    method: "delete",
    path: "/admin/failures/{id}",
    id: "dropFailure",
    tag: "admin",
    summary: "Drop one for good.",
    parameters: failure,
    answers: {
      200: json("It is forgotten.", droppedAnswer),
      404: failed("Nothing is parked under this id."),
    },
  },
];

export const adminOperations: readonly Operation[] = [
  ...statusOperations,
  ...eventOperations,
  ...contactOperations,
  ...failureOperations,
].map((operation) => ({
  ...operation,
  query: { ...operation.query, destination: destinationAsked },
  answers: { ...operatorAnswers, ...operation.answers },
}));
