import type { Sample } from "../provider.ts";
import { privacyDeletion, workflow } from "./types.ts";

const headers = { "content-type": "application/json" };

const changedAt = "1767607200000";

/** The older form, which workflows of contacts send with all properties. */
const contact = {
  vid: 401_234_567,
  "canonical-vid": 401_234_567,
  "portal-id": 62_515,
  "is-contact": true,
  properties: {
    firstname: { value: "Nurul" },
    lastname: { value: "Izzah" },
    email: { value: "nurul.izzah@example.com" },
    phone: { value: "+60123456780" },
    mobilephone: { value: "" },
    hs_language: { value: "ms" },
    country: { value: "Malaysia" },
    lifecyclestage: { value: "lead" },
    hs_object_id: { value: "401234567" },
    lastmodifieddate: { value: changedAt },
  },
};

const record = {
  portalId: 62_515,
  objectType: "CONTACT",
  objectTypeId: "0-1",
  objectId: 51_234_567_890,
  properties: {
    hs_object_id: "51234567890",
    firstname: "Grace",
    lastname: "Hopper",
    email: "grace.hopper@example.com",
    phone: "(202) 555-0143",
    hs_calculated_phone_number: "+12025550143",
    hs_language: "en-us",
    hs_country_region_code: "US",
    country: "United States",
    lastmodifieddate: changedAt,
  },
};

const change = {
  subscriptionId: 2_345_678,
  portalId: 62_515,
  appId: 54_321,
  occurredAt: Number(changedAt),
  subscriptionType: "contact.propertyChange",
  attemptNumber: 0,
  objectId: 401_234_567,
  changeSource: "CRM_UI",
};

const changes = [
  { eventId: 3_816_279_340, ...change, propertyName: "firstname", propertyValue: "Nurul" },
  { eventId: 4_816_279_341, ...change, propertyName: "email", propertyValue: "nurul.izzah@example.com" },
];

const deletion = {
  eventId: 2_816_279_342,
  subscriptionId: 2_345_679,
  portalId: 62_515,
  appId: 54_321,
  occurredAt: Number(changedAt),
  subscriptionType: privacyDeletion,
  attemptNumber: 0,
  objectId: 401_234_567,
  changeFlag: "DELETED",
  changeSource: "CRM_UI",
};

export const samples: readonly Sample[] = [
  {
    name: "workflow-contact",
    type: workflow,
    headers,
    body: JSON.stringify(contact),
    ids: ["401234567"],
    times: [changedAt],
  },
  {
    name: "workflow-record",
    type: workflow,
    headers,
    body: JSON.stringify(record),
    ids: ["51234567890"],
    times: [changedAt],
  },
  {
    name: "property-changes",
    type: change.subscriptionType,
    headers,
    body: JSON.stringify(changes),
    ids: ["3816279340", "4816279341"],
    times: [changedAt],
  },
  {
    name: "privacy-deletion",
    type: privacyDeletion,
    headers,
    body: JSON.stringify([deletion]),
    ids: ["2816279342"],
    times: [changedAt],
  },
];
