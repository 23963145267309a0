import type { Locator, Page } from "playwright-core";

/** The editor that stands in a field's place. */
export function editorOf(page: Page, field: string): Locator {
  return page.locator(`[data-editor=${field}] .cm-content`);
}

/** As somebody would who writes over all that is there. */
export async function writeOver(page: Page, field: string, text: string): Promise<void> {
  await editorOf(page, field).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Delete");
  await page.keyboard.insertText(text);
}
