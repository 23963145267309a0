import axe from "axe-core";
import type { Page } from "playwright-core";

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary?: string }[];
}

/** What axe finds wrong with the page as it is, by rule and place. The page's own policy would not let it in. */
export async function findings(page: Page, rules: "all" | "of colours"): Promise<string[]> {
  await page.addScriptTag({ content: axe.source });
  const only = rules === "all" ? "" : `{ runOnly: ["color-contrast"] }`;
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(`axe.run(${only})`);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")} ${failureSummary ?? ""}`),
  );
}
