import type { Numbers, SourceShown, StatusOfSome } from "../answers.ts";
import { sourceFigures, sparkHeight, sparkPath, sparkWidth } from "../figures.ts";
import { silentSources } from "../needs.ts";
import { Empty, State, Table } from "../parts.tsx";
import { href, type Asked, type View } from "../view.ts";
import { counted, exact } from "../words.ts";

const shownMax = 30;

interface SourcesProps {
  readonly view: View;
  readonly sources: Asked<{ readonly items: readonly SourceShown[] }>;
  readonly numbers: Numbers | undefined;
  readonly status: StatusOfSome;
}

/** How each source goes. Those that need a look come first where there are more than fit. */
export function SourcesShown({ view, sources, numbers, status }: SourcesProps) {
  if (!sources.ok) return null;
  const silent = silentSources(status);
  const { items } = sources.body;
  const attention = ({ source, changes }: (typeof items)[number]) =>
    silent.has(source) || changes.length > 0 || (numbers?.sources[source]?.refusedSignatures ?? 0) > 0;
  const fitting =
    items.length <= shownMax
      ? items
      : [...items.filter(attention), ...items.filter((item) => !attention(item))].slice(0, shownMax);
  return (
    <section aria-labelledby="sources">
      <h2 id="sources">Sources, last day</h2>
      <Table
        caption="Sources"
        head={["Source", "Events", "By the hour", "Last event", "Refused signatures", "Changes of shape"]}
      >
        {fitting.map(({ source, changes }) => {
          const own = numbers?.sources[source];
          const figures = sourceFigures(own, view.now);
          const live = (name: string) => `source ${source}|${name}`;
          return (
            <tr>
              <th scope="row">
                <a href={href(view, `/sources/${encodeURIComponent(source)}`)}>{source}</a>
              </th>
              <td class="number" data-live={live("total")}>
                {figures["total"]}
              </td>
              <td>
                <svg
                  class="spark"
                  viewBox={`0 0 ${sparkWidth} ${sparkHeight}`}
                  width={sparkWidth}
                  height={sparkHeight}
                  aria-hidden="true"
                >
                  <path data-spark={source} d={sparkPath(own?.accepted ?? [])} />
                </svg>
              </td>
              <td>
                <span data-live={live("last")}>{figures["last"]}</span>{" "}
                <span data-silent={source} hidden={!silent.has(source)}>
                  <State word="quiet" />
                </span>
              </td>
              <td class="number" data-live={live("refused")}>
                {figures["refused"]}
              </td>
              <td class="number">{exact(changes.length)}</td>
            </tr>
          );
        })}
      </Table>
      {items.length === 0 ? <Empty>No source is configured.</Empty> : null}
      {items.length > fitting.length ? (
        <p>
          <a href={href(view, "/sources")}>{counted(items.length - fitting.length, "more source")}</a>
        </p>
      ) : null}
    </section>
  );
}
