import type { Provider } from "../providers/provider.ts";
import { secretVariable } from "./builtin.ts";
import { aboutProviderSettings, settingVariable } from "./provider-settings.ts";

/** A variable that is read for one provider, or for those that share it. */
export interface ProviderVariable {
  readonly name: string;
  readonly description: string;
  readonly secret: boolean;
  readonly example?: string | undefined;
  /** The name of the source that is on when the variable is set. */
  readonly turnsOn?: string;
}

/** What serves a provider under its own name, without a sources file. */
export function providerVariables(providers: readonly Provider[]): readonly ProviderVariable[] {
  const secrets = providers.map((provider): ProviderVariable => {
    const { name, proof } = provider;
    const what =
      proof === "secrets" ? `the secret with which \`${name}\` signs` : `the key that \`${name}\` sends`;
    return {
      name: secretVariable(provider),
      description: `${what}; with it \`/webhooks/${name}\` is served`,
      secret: true,
      turnsOn: name,
    };
  });
  const others = new Map<string, { of: string[]; variable: ProviderVariable }>();
  for (const provider of providers) {
    for (const setting of provider.settings ?? []) {
      const name = settingVariable(provider, setting);
      const { key: _, ...variable } = { example: undefined, ...aboutProviderSettings[setting] };
      const { of } = others.get(name) ?? { of: [] };
      others.set(name, { of: [...of, provider.name], variable: { name, ...variable } });
    }
  }
  const described = [...others.values()].map(({ of, variable }) => ({
    ...variable,
    description: `${of.map((name) => `\`${name}\``).join(", ")}: ${variable.description}`,
  }));
  return [...secrets, ...described];
}
