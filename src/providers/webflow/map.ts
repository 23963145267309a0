import { mapAnswers } from "../answers.ts";
import { at, candidatesAt, isList, isObject, parseJson, textAt } from "../body.ts";
import type {
  Answer,
  CandidateField,
  JsonObject,
  JsonValue,
  MappableEvent,
  ProviderMapping,
} from "../provider.ts";

/** Webflow's names for the types of form fields that say what is in them; others, such as `FormTextInput`, do not. */
const typedFields: ReadonlyMap<string, CandidateField> = new Map([
  ["Email", "email"],
  ["Phone", "phone"],
]);

const orders = new Set(["ecomm_new_order", "ecomm_order_changed"]);
const accounts = new Set(["user_account_added", "user_account_updated"]);

/** The root is the whole event, with `answers`. */
export function map(event: MappableEvent): ProviderMapping {
  const read = parseJson(event.payload);
  const root = read.ok ? read.value : null;
  if (!isObject(root)) return { kind: "nothing", reason: "unreadable-payload", root };
  if (orders.has(event.type)) return mapOrder(root);
  if (event.type === "form_submission" || accounts.has(event.type)) return mapFields(root);
  const reason = event.type === "user_account_deleted" ? "account-deleted" : "no-person";
  return { kind: "nothing", reason, root };
}

/** A submission, and what somebody gave as they made an account: values by the fields' names. */
function mapFields(root: JsonObject): ProviderMapping {
  const path = Object.hasOwn(root, "triggerType") ? "payload.data" : "data";
  const data = at(root, path);
  if (!isObject(data)) return { kind: "nothing", reason: "no-data", root };
  return mapAnswers(root, answersOf(data, path, at(root, "payload.schema")));
}

function answersOf(data: JsonObject, path: string, schema: JsonValue | undefined): Answer[] {
  const fields = new Map((isList(schema) ? schema : []).map((field) => [textAt(field, "fieldName"), field]));
  return Object.entries(data).map(([name, value]) => {
    const field = fields.get(name);
    return {
      path: `${path}.${name}`,
      ref: textAt(field, "fieldElementId"),
      key: name,
      // The Designer numbers what it names itself: `Email 2`.
      label: name.replace(/\s\d+$/, ""),
      field: typedFields.get(textAt(field, "fieldType") ?? ""),
      value,
    };
  });
}

/** The customer, then what the shop's own checkout fields asked for, as `{name, textInput}`. */
function mapOrder(root: JsonObject): ProviderMapping {
  if (!isObject(root["payload"])) return { kind: "nothing", reason: "no-order", root };
  const customData = at(root, "payload.customData");
  const answers = (isList(customData) ? customData : []).flatMap((item, index): Answer[] => {
    const label = textAt(item, "name");
    const key = ["textInput", "textArea", "checkbox"].find(
      (kind) => isObject(item) && Object.hasOwn(item, kind),
    );
    const value = key === undefined ? undefined : at(item, key);
    return value === undefined ? [] : [{ path: `payload.customData.${index}.${key}`, label, value }];
  });
  const customer = {
    email: candidatesAt(root, ["payload.customerInfo.email"]),
    fullName: candidatesAt(root, ["payload.customerInfo.fullName"]),
    countryCode: candidatesAt(root, ["payload.billingAddress.country", "payload.shippingAddress.country"]),
  };
  return mapAnswers(root, answers, {}, customer);
}
