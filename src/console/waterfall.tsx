import type { EventAnswer } from "../http/schemas/events.ts";
import { refText, Table, Time } from "./parts.tsx";
import { duration } from "./words.ts";

interface Bar {
  readonly name: string;
  readonly at: number;
  readonly durationMs: number | undefined;
  readonly detail: string;
}

/** An event's way, as its history tells it. */
export function barsOf({ history }: Pick<EventAnswer, "history">): readonly Bar[] {
  return history.map((step) => {
    const at = Date.parse(step.at);
    if (step.step !== "request")
      return { name: step.step, at, durationMs: undefined, detail: step.reason ?? "" };
    const { method, identifier, status, outcome, message, durationMs } = step;
    const name = method === undefined ? "settled" : `request (${method})`;
    const said = [status === undefined ? "" : String(status), outcome, message ?? "", refText(identifier)];
    return { name, at, durationMs, detail: said.filter(Boolean).join(", ") };
  });
}

const width = 240;

export function Waterfall({ bars }: { readonly bars: readonly Bar[] }) {
  const begin = bars[0]?.at ?? 0;
  const end = Math.max(begin + 1, ...bars.map(({ at, durationMs = 0 }) => at + durationMs));
  const x = (at: number) => ((at - begin) / (end - begin)) * (width - 4);
  return (
    <Table
      caption="What happened, step by step"
      head={["Step", "At", "After", "Took", "On the way", "What came of it"]}
    >
      {bars.map(({ name, at, durationMs, detail }, index) => {
        const before = bars[index - 1];
        return (
          <tr>
            <th scope="row">{name}</th>
            <td>
              <Time at={new Date(at).toISOString()} />
            </td>
            <td>{before ? duration(at - before.at) : ""}</td>
            <td>{durationMs === undefined ? "" : duration(durationMs)}</td>
            <td>
              <svg class="bar-line" viewBox={`0 0 ${width} 12`} width={width} height={12} aria-hidden="true">
                <line x1={0} y1={6} x2={width} y2={6} />
                <rect x={x(at)} y={1} width={Math.max(4, x(begin + (durationMs ?? 0)))} height={10} />
              </svg>
            </td>
            <td>{detail}</td>
          </tr>
        );
      })}
    </Table>
  );
}
