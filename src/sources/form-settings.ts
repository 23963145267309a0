import type { Provider } from "../providers/provider.ts";
import type { Entry, Located, YamlFile } from "./yaml-file.ts";

const formKeys = ["redirect", "cors", "honeypot"] as const;

export interface FormSettings {
  readonly redirect: string | undefined;
  readonly cors: readonly string[];
  readonly honeypot: string | undefined;
}

/** What only a provider that answers browsers' forms can have. */
export function readFormSettings(
  file: YamlFile,
  settings: ReadonlyMap<string, Entry>,
  provider: Provider | undefined,
): FormSettings {
  if (provider && provider.answers !== "form") {
    for (const name of formKeys) {
      const setting = settings.get(name);
      if (setting) file.report(setting.key, `is for browser forms; ${provider.name} does not come from one`);
    }
  }
  const redirect = settings.get("redirect");
  const cors = settings.get("cors");
  const honeypot = settings.get("honeypot");
  return {
    redirect: redirect && readRedirect(file, redirect.value),
    cors: cors ? readOrigins(file, cors.value) : [],
    honeypot: honeypot && file.text(honeypot.value),
  };
}

function readRedirect(file: YamlFile, at: Located): string | undefined {
  const text = file.text(at);
  if (text === undefined) return undefined;
  const url = webUrl(text);
  if (!url) file.report(at, "must be an absolute http or https URL, as in https://example.com/thanks");
  return /^[\x21-\x7e]+$/.test(text) ? text : url?.href;
}

/** Origins as browsers send them: scheme, host and port, nothing after. */
function readOrigins(file: YamlFile, at: Located): readonly string[] {
  const origins: string[] = [];
  for (const { text, at: item } of file.texts(at)) {
    const url = webUrl(text);
    if (url?.origin === text) origins.push(text);
    else {
      const advice = url ? `; write ${url.origin}` : ", as in https://example.com";
      file.report(item, `must be an origin${advice}`);
    }
  }
  return origins;
}

function webUrl(text: string): URL | undefined {
  return /^https?:\/\/[^/]/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}
