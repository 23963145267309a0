import type { Sample } from "../provider.ts";

interface Field {
  readonly name: string;
  readonly type: string;
  readonly value: string | number | boolean;
}

function sample(name: string, type: string, id: string, time: string, payload: object): Sample {
  return {
    name,
    type,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ triggerType: type, payload }),
    ids: [id],
    times: [time],
  };
}

function submission(name: string, form: string, id: string, fields: readonly Field[]): Sample {
  const submittedAt = "2026-02-11T08:30:15.117Z";
  return sample(name, "form_submission", id, submittedAt, {
    name: form,
    siteId: "65427cf400e02b306eaa049c",
    data: Object.fromEntries(fields.map((field) => [field.name, field.value])),
    schema: fields.map((field, index) => ({
      fieldName: field.name,
      fieldType: field.type,
      fieldElementId: `285042f7-d554-dc7f-102c-aa10d6a2d2c${index}`,
    })),
    submittedAt,
    id,
    formId: "65429eadebe8a9f3a30f62d0",
    formElementId: "4e038d2c-6a1e-4953-7be9-a59a2b453177",
  });
}

const address = {
  addressee: "Helena Duarte",
  line1: "12 Example Road",
  line2: "",
  city: "Lisbon",
  state: "",
  country: "PT",
  postalCode: "1100-000",
};

export const samples: readonly Sample[] = [
  submission("contact-form", "Contact Us", "6989d2a7df3949bfc6752301", [
    { name: "First Name", type: "FormTextInput", value: "Amina" },
    { name: "Last Name", type: "FormTextInput", value: "Yusof" },
    { name: "Email 2", type: "FormTextInput", value: "amina.yusof@example.com" },
    { name: "Phone Number", type: "FormTextInput", value: "+60 12-345 6789" },
    { name: "Message", type: "FormTextarea", value: "Do you ship to Penang?" },
  ]),
  submission("membership-form", "Membership", "6989d2a7df3949bfc6752302", [
    { name: "Name", type: "FormTextInput", value: "Oscar Lindqvist" },
    { name: "Email", type: "FormTextInput", value: "oscar.lindqvist@example.com" },
    { name: "Phone", type: "FormTextInput", value: 12_025_550_143 },
    { name: "Country", type: "FormSelect", value: "Sweden" },
    { name: "Preferred Language", type: "FormSelect", value: "Swedish" },
    { name: "Profile Photo", type: "FormFileUploadInput", value: "https://files.example.com/oscar.jpg" },
    { name: "Newsletter", type: "FormCheckboxInput", value: true },
  ]),
  sample("new-order", "ecomm_new_order", "dfa-3f1", "2026-02-12T17:06:15.761Z", {
    orderId: "dfa-3f1",
    status: "unfulfilled",
    acceptedOn: "2026-02-12T17:06:15.761Z",
    customerPaid: { unit: "EUR", value: 6_099, string: "€60.99" },
    customerInfo: { fullName: "Helena Duarte", email: "helena.duarte@example.com" },
    billingAddress: { type: "billing", ...address },
    shippingAddress: { type: "shipping", ...address },
    customData: [
      { textInput: "+351 912 345 678", name: "Telephone" },
      { textArea: "Please ring twice", name: "Delivery note" },
    ],
  }),
];
