import type { Child } from "hono/jsx";
import type { Assets } from "./assets.ts";
import { href, type View } from "./view.ts";

const pages = [
  ["", "Overview"],
  ["/events", "Events"],
  ["/contacts", "Contacts"],
  ["/parked", "Parked"],
  ["/replays", "Replays"],
  ["/sources", "Sources"],
  ["/playground", "Playground"],
  ["/system", "System"],
] as const;

interface DocumentProps {
  readonly title: string;
  readonly assets: Assets;
  /** Seconds until the browser asks for the page again. */
  readonly refreshSeconds?: number;
  readonly children?: Child;
}

/** The outermost part of every page. It holds no style and no script of its own. */
export function Document({ title, assets, refreshSeconds, children }: DocumentProps) {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        {refreshSeconds === undefined ? null : <meta http-equiv="refresh" content={String(refreshSeconds)} />}
        <title>{title} · contact-relay</title>
        <link rel="icon" href="data:," />
        {assets.styles.map((address) => (
          <link rel="stylesheet" href={address} />
        ))}
        {assets.scripts.map((address) => (
          <script type="module" src={address} />
        ))}
      </head>
      <body>{children}</body>
    </html>
  );
}

interface FrameProps {
  readonly view: View;
  readonly title: string;
  readonly assets: Assets;
  /** A line about what was just done. */
  readonly said?: string | undefined;
  readonly children?: Child;
}

/** A page of somebody who has signed in. */
export function Frame({ view, title, assets, said, children }: FrameProps) {
  return (
    <Document title={title} assets={assets}>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href={href(view, "")}>
          contact-relay
        </a>
        <nav aria-label="Pages">
          <ul>
            {pages.map(([path, name]) => (
              <li>
                <a href={href(view, path)} aria-current={isCurrent(view, path) ? "page" : undefined}>
                  {name}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <form class="find" action="/console/find" role="search" aria-label="Find">
          {keptFields(view)}
          <input
            type="search"
            name="q"
            aria-label="Find an event, a contact or a parked item"
            placeholder="Id, e-mail or phone"
            autocomplete="off"
            data-find
          />
        </form>
        <form class="who" method="post" action="/console/sign-out">
          <span>{view.role}</span>
          <button type="submit">Sign out</button>
        </form>
      </header>
      {view.destinations.length > 1 && view.isAddress ? <Destinations view={view} /> : null}
      <main id="main" tabindex={-1}>
        {said === undefined ? null : (
          <p class="said" role="status">
            {said}
          </p>
        )}
        {children}
      </main>
      <footer>
        <Masking view={view} />
        <p data-keys hidden>
          Press <kbd>?</kbd> for the keys.
        </p>
      </footer>
    </Document>
  );
}

function isCurrent({ path }: View, page: string): boolean {
  return page === "" ? path === "" || path === "/" : path === page || path.startsWith(`${page}/`);
}

/** What a form keeps of the address it stands at. */
export function keptFields(view: View) {
  return (
    <>
      {view.destination === "" ? null : <input type="hidden" name="destination" value={view.destination} />}
      {view.isShown ? <input type="hidden" name="personal" value="shown" /> : null}
    </>
  );
}

function Destinations({ view }: { view: View }) {
  const link = (name: string) => {
    const search = new URLSearchParams(view.search);
    search.delete("cursor");
    if (name === "") search.delete("destination");
    else search.set("destination", name);
    const text = search.toString();
    return `/console${view.path}${text === "" ? "" : `?${text}`}`;
  };
  return (
    <nav class="destinations" aria-label="Destinations">
      <ul>
        {["", ...view.destinations].map((name) => (
          <li>
            <a href={link(name)} aria-current={view.destination === name ? "true" : undefined}>
              {name === "" ? "All destinations" : name}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Masking({ view }: { view: View }) {
  if (view.role === "viewer") {
    return <p>Personal data is masked: you are signed in for reading alone.</p>;
  }
  if (!view.isAddress)
    return <p>Personal data is {view.isShown ? "shown, which is written down" : "masked"}.</p>;
  const search = new URLSearchParams(view.search);
  if (view.isShown) search.delete("personal");
  else search.set("personal", "shown");
  const text = search.toString();
  const address = `/console${view.path}${text === "" ? "" : `?${text}`}`;
  return view.isShown ? (
    <p>
      Personal data is shown, which is written down. <a href={address}>Mask it</a>
    </p>
  ) : (
    <p>
      Personal data is masked.{" "}
      <a href={address} rel="nofollow" data-show-personal>
        Show it
      </a>{" "}
      (that is written down)
    </p>
  );
}
