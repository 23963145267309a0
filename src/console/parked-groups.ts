/** What a person can do about it, in a sentence. */
export function advice(reason: string): string {
  switch (reason) {
    case "unmappable":
      return "The mapping could not be carried out. Mend the source's map, then retry.";
    case "unreadable-identifier":
      return "A phone number or an e-mail was there and could not be read. Mend the source's region or map, then retry.";
    case "contact-not-found":
      return "The API does not have this contact. Create it there, or set AELYST_MISSING_CONTACT, then retry.";
    case "already-connected":
    case "two-contacts":
      return "The phone or e-mail is another contact's. Merge the two at the API if they are one person and retry, else drop it.";
    case "invalid":
      return "The API does not take these values. The good fields were delivered; mend the map, or drop what is wrong.";
    case "refused":
      return "The API refuses this request. Look at its words, mend what they name, then retry.";
    default:
      return "Look at the API's words, mend what they name, then retry. A retry never overwrites anything newer.";
  }
}
