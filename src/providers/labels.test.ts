import { describe, expect, it } from "vitest";
import { readLabels } from "./labels.ts";
import { expectQuick } from "../../test/helpers/quick.ts";

function fieldsOf(...labels: string[]) {
  return readLabels(labels).map((meaning) => meaning?.field);
}

describe("labels people use for a contact's fields", () => {
  it.each([
    ["First name", "firstName"],
    ["FIRST-NAME *", "firstName"],
    ["What's your first name?", "firstName"],
    ["*First name*", "firstName"],
    ["<b>First name</b>", "firstName"],
    ["first_name", "firstName"],
    ["Vorname", "firstName"],
    ["Prénom", "firstName"],
    ["Prénom (obligatoire)", "firstName"],
    ["PRÉNOM", "firstName"],
    ["Nama depan", "firstName"],
    ["Primer nombre", "firstName"],
    ["Primeiro nome", "firstName"],
    ["Apellidos", "lastName"],
    ["Sobrenome", "lastName"],
    ["Nachname", "lastName"],
    ["Nom de famille", "lastName"],
    ["Nama keluarga", "lastName"],
    ["Nama penuh", "fullName"],
    ["Nama lengkap", "fullName"],
    ["Nombre", "fullName"],
    ["Nome completo", "fullName"],
    ["Your name", "fullName"],
    ["your-name", "fullName"],
    ["E-Mail-Adresse", "email"],
    ["Correo electrónico", "email"],
    ["Alamat e-mel", "email"],
    ["Adresse e-mail", "email"],
    ["What is your email address?", "email"],
    ["Endereço de e-mail", "email"],
    ["No. Telefon", "phone"],
    ["Nomor HP", "phone"],
    ["Telemóvel", "phone"],
    ["Número de teléfono", "phone"],
    ["Téléphone portable", "phone"],
    ["Handynummer", "phone"],
    ["Phone number (required)", "phone"],
    ["País", "countryCode"],
    ["Negara", "countryCode"],
    ["Land", "countryCode"],
    ["Pays de résidence", "countryCode"],
    ["Idioma", "language"],
    ["Idioma preferido", "language"],
    ["Langue préférée", "language"],
    ["Bevorzugte Sprache", "language"],
    ["Bahasa pilihan", "language"],
    ["Primer apellido", "lastName"],
    ["Apellido paterno", "lastName"],
    ["Telefonnr.", "phone"],
    ["No. WhatsApp", "phone"],
    ["Nomor WhatsApp", "phone"],
    ["Número de WhatsApp", "phone"],
    ["WhatsApp-Nummer", "phone"],
    ["Numéro WhatsApp", "phone"],
    ["Profile photo", "profilePic"],
    ["Gambar profil", "profilePic"],
    ["Foto profil", "profilePic"],
    ["Foto de perfil", "profilePic"],
    ["Imagem de perfil", "profilePic"],
    ["Profilbild", "profilePic"],
    ["Photo de profil", "profilePic"],
    ["Nama anda", "fullName"],
    ["Nama penuh Anda", "fullName"],
    ["Emel anda *", "email"],
    ["Alamat email Anda", "email"],
    ["No. telefon anda (wajib)", "phone"],
    ["nama-anda", "fullName"],
  ])("%s", (label, field) => {
    expect(fieldsOf(label)).toEqual([field]);
  });

  it.each([
    "Company name",
    "Emergency contact phone",
    "Email of your friend",
    "Phone (emergency contact)",
    "Username",
    "Message",
    "How did you hear about us?",
    "Nom de l'entreprise",
    "Your",
    "Anda",
    "Nama syarikat anda",
    "Segundo apellido",
    "Apellido materno",
    "",
    "   ",
    "名前",
  ])("%j asks for something else: nothing is guessed", (label) => {
    expect(fieldsOf(label)).toEqual([undefined]);
  });

  it("a name means what it means beside the others of its form", () => {
    expect(fieldsOf("Name")).toEqual(["fullName"]);
    expect(fieldsOf("Vorname", "Name")).toEqual(["firstName", "lastName"]);
    expect(fieldsOf("Nom", "Prénom")).toEqual(["lastName", "firstName"]);
    expect(fieldsOf("Nombre", "Apellidos")).toEqual(["firstName", "lastName"]);
    expect(fieldsOf("Nombre", "Primer apellido", "Segundo apellido")).toEqual([
      "firstName",
      "lastName",
      undefined,
    ]);
    expect(fieldsOf("Nombre", "Apellido paterno", "Apellido materno")).toEqual([
      "firstName",
      "lastName",
      undefined,
    ]);
    expect(fieldsOf("Nome", "Sobrenome")).toEqual(["firstName", "lastName"]);
    expect(fieldsOf("Nome", "Apelido")).toEqual(["firstName", "lastName"]);
    expect(fieldsOf("Apelido")).toEqual([undefined]);
    expect(fieldsOf("Name", "Surname")).toEqual(["firstName", "lastName"]);
    expect(fieldsOf("First name", "Name")).toEqual(["firstName", "fullName"]);
  });

  it("of several labels for one field the more common one is the better", () => {
    const [whatsapp, phone] = readLabels(["WhatsApp", "Phone"]);
    expect(phone?.rank).toBeLessThan(whatsapp?.rank ?? 0);
  });

  it("the same label many times means the same each time, and a missing one nothing", () => {
    expect(
      readLabels(["Email", undefined, "Email", "Shoe size", undefined]).map((one) => one?.field),
    ).toEqual(["email", undefined, "email", undefined, undefined]);
  });

  it("thousands of labels that almost end in a note are read at once", () => {
    const labels = Array.from({ length: 5_000 }, (_, index) => `name ${index}()${" ".repeat(180)}x`);
    expectQuick(() => expect(new Set(fieldsOf(...labels))).toEqual(new Set([undefined])));
  });

  it("a label of a megabyte is read at once", () => {
    const labels = ["<".repeat(1_000_000), "(".repeat(1_000_000)];
    expectQuick(() => expect(fieldsOf(...labels)).toEqual([undefined, undefined]));
  });
});
