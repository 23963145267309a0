import type { Sample } from "../provider.ts";

const headers = { "content-type": "application/x-www-form-urlencoded" };

/** Submissions as Elementor Pro posts them. */
export const samples: readonly Sample[] = [
  {
    name: "simple",
    type: "form_submission",
    headers,
    body: new URLSearchParams([
      ["First name", "Nurul"],
      ["Last name", "Aziz"],
      ["Email", "nurul.aziz@example.com"],
      ["Phone", "+60123456789"],
      ["Country", "Malaysia"],
      ["Profile photo", "https://images.example.com/nurul.jpg"],
      ["Message", "Please call me back."],
      ["No Label visit", "7f3a0001"],
      ["Date", "March 14, 2026"],
      ["Time", "9:30 am"],
      ["Page URL", "https://shop.example.com/contact/"],
      ["Remote IP", "203.0.113.7"],
      ["Powered by", "Elementor"],
      ["form_id", "9de22fa"],
      ["form_name", "Contact"],
    ]).toString(),
    ids: ["7f3a0001"],
  },
  {
    name: "advanced",
    type: "form_submission",
    headers,
    body: new URLSearchParams([
      ["form[id]", "9de22fa"],
      ["form[name]", "Contact"],
      ...field("name", "text", "Your name", "Zoë van Dijk"),
      ...field("email", "email", "How may we write to you?", "zoe@example.com"),
      ...field("field_5c1e0aa", "tel", "And call you?", "+31 20 794 0800"),
      ...field("field_77b1c20", "select", "Preferred language", "nl"),
      ...field("field_0d3c9f1", "checkbox", "Interests", ["Shoes", "Bags"]),
      ...field("field_1b2c3d4", "acceptance", "I agree to be contacted", "on"),
      ...field("visit", "hidden", "", "7f3a0002"),
      ["meta[date][title]", "Date"],
      ["meta[date][value]", "14. March 2026"],
      ["meta[time][title]", "Time"],
      ["meta[time][value]", "10:12"],
      ["meta[page_url][title]", "Page URL"],
      ["meta[page_url][value]", "https://shop.example.com/contact/"],
    ]).toString(),
    ids: ["7f3a0002"],
  },
  {
    name: "newsletter",
    type: "form_submission",
    headers,
    body: new URLSearchParams([
      ["No Label email", "ben@example.com"],
      ["No Label visit", "7f3a0003"],
      ["form_id", "1c0ffe3"],
      ["form_name", "Newsletter"],
    ]).toString(),
    ids: ["7f3a0003"],
  },
];

function field(id: string, type: string, title: string, raw: string | readonly string[]): [string, string][] {
  const name = (property: string) => `fields[${id}][${property}]`;
  return [
    [name("id"), id],
    [name("type"), type],
    [name("title"), title],
    [name("value"), typeof raw === "string" ? raw : raw.join(", ")],
    ...(typeof raw === "string"
      ? [[name("raw_value"), raw] as [string, string]]
      : raw.map((choice, index): [string, string] => [`${name("raw_value")}[${index}]`, choice])),
    [name("required"), "0"],
  ];
}
