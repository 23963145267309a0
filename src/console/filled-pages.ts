import type { EventLine, Page } from "./answers.ts";
import type { Asked, View } from "./view.ts";

type Filter = Readonly<Record<string, string | number | undefined>>;

const asksMax = 20;

/** As many items as are wanted, where there are so many: a page of the API can be shorter, or one workspace's last. */
export async function filledPage<Item>(
  view: View,
  path: string,
  filter: Filter,
  wanted: number,
  from?: string,
): Promise<Asked<Page<Item>>> {
  const items: Item[] = [];
  let cursor = from;
  let next: string | null = null;
  for (let asks = 0; asks < asksMax; asks += 1) {
    const query = { ...filter, limit: wanted - items.length, cursor };
    const page = await view.ask<Page<Item>>(path, { query });
    if (!page.ok) return page;
    items.push(...page.body.items);
    next = page.body.next;
    if (next === null || items.length >= wanted) break;
    cursor = next;
  }
  return { ok: true, body: { items, next } };
}

export async function eventsOf(
  view: View,
  filter: Filter,
  wanted: number,
  from?: string,
): Promise<Asked<Page<EventLine>>> {
  return await filledPage(view, "/events", filter, wanted, from);
}
