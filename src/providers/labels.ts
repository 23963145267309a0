import type { CandidateField } from "./provider.ts";

/** What people call these fields in their forms, best first. */
const names: Readonly<Record<CandidateField, Readonly<Record<string, readonly string[]>>>> = {
  firstName: {
    en: ["first name", "given name", "forename", "fname", "name first"],
    ms: ["nama pertama", "nama depan"],
    id: ["nama depan"],
    es: ["primer nombre", "nombre de pila", "nombres"],
    pt: ["primeiro nome", "nome próprio"],
    de: ["Vorname"],
    fr: ["prénom"],
  },
  lastName: {
    en: ["last name", "surname", "family name", "lname", "name last"],
    ms: ["nama akhir", "nama belakang", "nama keluarga"],
    id: ["nama belakang", "nama akhir", "nama keluarga"],
    es: ["apellidos", "apellido", "primer apellido", "apellido paterno"],
    pt: ["sobrenome", "último nome", "apelidos"],
    de: ["Nachname", "Familienname"],
    fr: ["nom de famille"],
  },
  fullName: {
    en: ["full name", "name", "first and last name"],
    ms: ["nama penuh", "nama"],
    id: ["nama lengkap", "nama"],
    es: ["nombre completo", "nombre y apellidos", "nombre y apellido", "nombre"],
    pt: ["nome completo", "nome e sobrenome", "nome e apelido", "nome"],
    de: ["vollständiger Name", "Vor- und Nachname", "Vorname und Nachname", "Name"],
    fr: ["nom complet", "prénom et nom", "nom"],
  },
  email: {
    en: ["email", "e-mail", "email address", "mail"],
    ms: ["emel", "e-mel", "alamat emel", "alamat e-mel"],
    id: ["surel", "alamat email", "alamat surel"],
    es: ["correo electrónico", "correo", "dirección de correo electrónico", "dirección de email"],
    pt: ["endereço de e-mail", "correio eletrónico", "correio eletrônico"],
    de: ["E-Mail-Adresse", "Mailadresse"],
    fr: ["adresse e-mail", "adresse mail", "adresse électronique", "courriel", "adresse courriel", "mél"],
  },
  phone: {
    en: [
      "phone",
      "phone number",
      "mobile",
      "mobile phone",
      "mobile number",
      "mobile phone number",
      "cell",
      "cellphone",
      "cell phone number",
      "tel",
      "telephone",
      "telephone number",
      "contact number",
      "WhatsApp",
      "WhatsApp number",
    ],
    ms: [
      "telefon",
      "nombor telefon",
      "no. telefon",
      "no. tel",
      "telefon bimbit",
      "no. telefon bimbit",
      "no. hp",
      "nombor WhatsApp",
      "no. WhatsApp",
    ],
    id: [
      "telepon",
      "nomor telepon",
      "no. telepon",
      "handphone",
      "nomor handphone",
      "nomor HP",
      "no. HP",
      "nomor WhatsApp",
      "no. WhatsApp",
    ],
    es: [
      "teléfono",
      "número de teléfono",
      "teléfono móvil",
      "móvil",
      "celular",
      "número de celular",
      "número de WhatsApp",
    ],
    pt: [
      "telefone",
      "número de telefone",
      "telemóvel",
      "número de telemóvel",
      "celular",
      "número de WhatsApp",
    ],
    de: [
      "Telefon",
      "Telefonnummer",
      "Telefonnr.",
      "Handy",
      "Handynummer",
      "Mobil",
      "Mobilnummer",
      "Mobiltelefon",
      "Rufnummer",
      "WhatsApp-Nummer",
    ],
    fr: [
      "téléphone",
      "numéro de téléphone",
      "téléphone portable",
      "téléphone mobile",
      "portable",
      "numéro WhatsApp",
    ],
  },
  countryCode: {
    en: ["country code", "country", "country of residence"],
    ms: ["negara"],
    id: ["negara"],
    es: ["país", "país de residencia"],
    pt: ["país", "país de residência"],
    de: ["Land"],
    fr: ["pays", "pays de résidence"],
  },
  language: {
    en: ["language", "preferred language", "lang", "locale"],
    ms: ["bahasa", "bahasa pilihan"],
    id: ["bahasa", "bahasa pilihan"],
    es: ["idioma", "idioma preferido"],
    pt: ["idioma", "língua", "idioma preferido"],
    de: ["Sprache", "bevorzugte Sprache"],
    fr: ["langue", "langue préférée"],
  },
  profilePic: {
    en: ["profile pic", "profile picture", "profile photo", "avatar", "avatar URL"],
    ms: ["gambar profil", "foto profil"],
    id: ["foto profil", "gambar profil"],
    es: ["foto de perfil", "imagen de perfil"],
    pt: ["foto de perfil", "imagem de perfil"],
    de: ["Profilbild", "Profilfoto"],
    fr: ["photo de profil", "image de profil"],
  },
};

/** What a word means beside another: `Name` next to `Vorname` is the family name. */
const meantBeside: readonly { word: string; beside: readonly string[]; is: CandidateField }[] = [
  { word: "Name", beside: ["Vorname"], is: "lastName" },
  { word: "nom", beside: ["prénom"], is: "lastName" },
  { word: "name", beside: ["surname", "last name", "family name"], is: "firstName" },
  {
    word: "nombre",
    beside: ["apellido", "apellidos", "primer apellido", "apellido paterno"],
    is: "firstName",
  },
  { word: "nome", beside: ["sobrenome", "apelido", "apelidos", "último nome"], is: "firstName" },
  { word: "apelido", beside: ["nome", "primeiro nome", "nome próprio"], is: "lastName" },
];

/** What may stand before a name without changing what it asks for. */
const leadIns = [
  "what is your",
  "what's your",
  "please enter your",
  "enter your",
  "please provide your",
  "your",
  "tu",
  "su",
  "seu",
  "votre",
  "ihr",
  "ihre",
  "dein",
  "deine",
];
/** "Your" in Malay and Indonesian, which stands behind. */
const leadOut = "anda";
/** What may stand behind it in brackets. */
const notes = ["required", "optional", "wajib", "opsional", "obligatorio", "opcional", "obrigatório"].concat([
  "erforderlich",
  "Pflichtfeld",
  "obligatoire",
  "facultatif",
]);

const lengthMax = 200;

interface Meaning {
  readonly field: CandidateField;
  /** Of several labels for one field the lowest is the best. */
  readonly rank: number;
}

const meanings = new Map<string, Meaning>();
for (const [field, languages] of Object.entries(names) as [CandidateField, Record<string, string[]>][]) {
  for (const list of Object.values(languages)) {
    list.forEach((name, rank) => {
      if (!meanings.has(fold(name))) meanings.set(fold(name), { field, rank });
    });
  }
}
const rules = meantBeside.map(({ word, beside, is }) => ({ word: fold(word), beside: beside.map(fold), is }));
/** After every name that means the field by itself. */
const besideRank = 100;
const foldedLeadIns = leadIns.map(fold).sort((a, b) => b.length - a.length);
const foldedNotes = new Set(notes.map(fold));

/** A label without case, accents, mark-up, spaces and punctuation. */
function fold(label: string): string {
  return label
    .slice(0, lengthMax)
    .replaceAll(/<[^<>]*>/g, " ")
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}]/gu, "");
}

/** The label as the table may know it: as it stands, else without its lead-in or lead-out. */
function wordOf(label: string): string {
  const note = /\(([^()]*)\)[\s*:]*$/.exec(label.slice(0, lengthMax));
  const bare = note && foldedNotes.has(fold(note[1] ?? "")) ? label.slice(0, note.index) : label;
  const word = fold(bare);
  if (isKnown(word)) return word;
  const inner = word.endsWith(leadOut) ? word.slice(0, -leadOut.length) : "";
  if (isKnown(inner)) return inner;
  const leadIn = foldedLeadIns.find((known) => word.startsWith(known) && isKnown(word.slice(known.length)));
  return leadIn === undefined ? word : word.slice(leadIn.length);
}

function isKnown(word: string): boolean {
  return meanings.has(word) || rules.some((rule) => rule.word === word);
}

/**
 * What the labels of one form ask for, by a table and by nothing else: undefined for a label it does not hold.
 * They are read together, because `Name` means one thing alone and another beside `Vorname`.
 */
export function readLabels(labels: readonly (string | undefined)[]): readonly (Meaning | undefined)[] {
  const known = new Map(labels.map((label) => [label, ""]));
  for (const label of known.keys()) if (label !== undefined) known.set(label, wordOf(label));
  const words = labels.map((label) => known.get(label) ?? "");
  const present = new Set(words);
  return words.map((word) => {
    const rule = rules.find(
      (candidate) => candidate.word === word && candidate.beside.some((other) => present.has(other)),
    );
    return rule ? { field: rule.is, rank: besideRank } : meanings.get(word);
  });
}
