import { z } from "zod";
import { auditAnswer, auditQuery } from "../schemas/audit.ts";
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
  groupAnswer,
  groupKey,
  groupsAnswer,
  groupsQuery,
  markedAnswer,
  markQuestion,
} from "../schemas/failure-groups.ts";
import {
  droppedAnswer,
  failureAnswer,
  failureId,
  failuresAnswer,
  failuresQuery,
  retriedAnswer,
} from "../schemas/failures.ts";
import {
  foretoldAnswer,
  replayAnswer,
  replayId,
  replayQuestion,
  replaysAnswer,
  replaysQuery,
} from "../schemas/replays.ts";
import { numbersAnswer, numbersQuery } from "../schemas/numbers.ts";
import { sourcesAnswer, statusAnswer, statusOfAll, statusUnavailable } from "../schemas/state.ts";
import { contactRef, destinationAsked, eventId, personalAsked } from "../schemas/values.ts";
import { failed, json, operatorAnswers, type Operation } from "./operation.ts";

const event = { id: eventId.describe("Which event.") };
const replay = { id: replayId.describe("Which replay.") };
const failure = { id: failureId };
const group = { key: groupKey.describe("Which group.") };
const contact = { ref: contactRef.describe("Which contact, percent-encoded.") };

const statusOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/status",
    id: "status",
    tag: "admin",
    summary: "Queues, pace, upstream, spool, replicas.",
    answers: {
      200: json("How the relay is.", z.union([statusAnswer, statusOfAll])),
      503: json("The store does not answer.", z.union([statusUnavailable, errorAnswer])),
    },
  },
  {
    method: "get",
    path: "/admin/numbers",
    id: "numbers",
    tag: "admin",
    summary: "What all replicas have counted, minute by minute, in the last two days.",
    description:
      "It survives a restart; a process that is killed loses the few seconds that it had not written yet. Without `destination` all workspaces are added up.",
    query: numbersQuery.shape,
    answers: {
      200: json("One entry for each step.", numbersAnswer),
      400: failed("`from`, `to` or `step` is none."),
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

const auditOperations: readonly Operation[] = [
  {
    method: "get",
    path: "/admin/audit",
    id: "listAudit",
    tag: "admin",
    summary: "Who did what: replays, retries, drops, erasures, reloads. Newest first, in pages.",
    query: auditQuery.shape,
    answers: {
      200: json("One page.", auditAnswer),
      400: failed("`cursor` is none."),
    },
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
      400: failed("That is no question, or its `map` is wrong: each mistake with its place."),
      404: failed("There is no such source or event."),
      410: failed("The event's payload was erased or dropped."),
    },
  },
];

const replayOperations: readonly Operation[] = [
  {
    method: "post",
    path: "/admin/replays",
    id: "createReplay",
    tag: "admin",
    summary: "Replay all that a filter finds, or say what that would change.",
    description:
      "With several workspaces `destination` has to be given. Events are mapped again with the current mapping, at a share of the rate and behind live traffic. They win over their own earlier run, never over newer events. What arrives later is never part of it.",
    body: { description: "Which events.", content: { "application/json": replayQuestion } },
    answers: {
      200: json("A dry run: what it would do.", foretoldAnswer),
      201: json("It is kept, and begins within seconds where a process delivers.", replayAnswer),
      400: failed("The filter names nothing, reaches into the future, or cannot be read."),
    },
  },
  {
    method: "get",
    path: "/admin/replays",
    id: "listReplays",
    tag: "admin",
    summary: "Replays by a filter, newest first, in pages.",
    query: replaysQuery,
    answers: { 200: json("One page.", replaysAnswer), 400: failed("`cursor` is none.") },
  },
  {
    method: "get",
    path: "/admin/replays/{id}",
    id: "showReplay",
    tag: "admin",
    summary: "One replay, and how far it is.",
    parameters: replay,
    answers: {
      200: json("The replay.", replayAnswer),
      404: failed("There is no such replay, or it is older than its retention."),
    },
  },
  {
    method: "delete",
    path: "/admin/replays/{id}",
    id: "stopReplay",
    tag: "admin",
    summary: "Stop a replay.",
    description: "What was set waiting already goes on. One that is over stays as it is.",
    parameters: replay,
    answers: {
      200: json("The replay as it is now.", replayAnswer),
      404: failed("There is no such replay, or it is older than its retention."),
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
    query: {
      person: z
        .enum(["true", "false"])
        .optional()
        .describe("`true`: with every reference that the API takes for the same contact."),
    },
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
      400: failed("`group`, `limit` or `cursor` is none."),
    },
  },
  {
    method: "get",
    path: "/admin/failures/groups",
    id: "listFailureGroups",
    tag: "admin",
    summary: "What is parked, by groups with the same trouble: the same reason, fields and words.",
    query: groupsQuery.shape,
    answers: {
      200: json("One page; the group with the newest item first.", groupsAnswer),
      400: failed("`state`, `limit` or `cursor` is none."),
    },
  },
  {
    method: "get",
    path: "/admin/failures/groups/{key}",
    id: "showFailureGroup",
    tag: "admin",
    summary: "One group.",
    parameters: group,
    answers: {
      200: json("The group.", groupAnswer),
      400: failed("There are several workspaces: `destination` says whose group is meant."),
      404: failed("Nothing is parked in such a group."),
    },
  },
  {
    method: "post",
    path: "/admin/failures/groups/{key}",
    id: "markFailureGroup",
    tag: "admin",
    summary: "Acknowledge a group, mute it, or open it again.",
    description:
      "Neither retries or drops anything. Notices leave out what is acknowledged or muted; the metrics go on counting it.",
    parameters: group,
    body: {
      description: "What is said of it.",
      content: { "application/json": markQuestion },
    },
    answers: {
      200: json("It is written down.", markedAnswer),
      400: failed("That says nothing that can be said of a group, or not whose group is meant."),
      404: failed("Nothing is parked in such a group."),
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
      400: failed("Several workspaces have this id: `destination` says whose is meant."),
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
      400: failed("Several workspaces have this id: `destination` says whose is meant."),
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
      400: failed("Several workspaces have this id: `destination` says whose is meant."),
      404: failed("Nothing is parked under this id."),
    },
  },
];

export const adminOperations: readonly Operation[] = [
  ...statusOperations,
  ...eventOperations,
  ...replayOperations,
  ...contactOperations,
  ...failureOperations,
  ...auditOperations,
].map((operation) => ({
  ...operation,
  query: { ...operation.query, destination: destinationAsked, personal: personalAsked },
  answers: { ...operatorAnswers, ...operation.answers },
}));
