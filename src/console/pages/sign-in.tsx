import type { Assets } from "../assets.ts";
import { Document } from "../layout.tsx";

interface SignInProps {
  readonly assets: Assets;
  /** The page that was asked for. */
  readonly to: string;
  readonly problem?: string | undefined;
}

export function SignIn({ assets, to, problem }: SignInProps) {
  return (
    <Document title="Sign in" assets={assets}>
      <main class="sign-in" id="main">
        <h1>contact-relay</h1>
        <form method="post" action="/console/sign-in">
          <input type="hidden" name="to" value={to} />
          <label for="token">Admin token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby={problem === undefined ? "which" : "problem which"}
          />
          {problem === undefined ? null : (
            <p id="problem" class="trouble" role="alert">
              {problem}
            </p>
          )}
          <p id="which">
            The value of <code>ADMIN_TOKEN</code>, or of <code>ADMIN_READ_TOKEN</code> for reading alone. You
            stay signed in for 12 hours, or until the token changes.
          </p>
          <button type="submit" class="main">
            Sign in
          </button>
        </form>
      </main>
    </Document>
  );
}

/**
 * A link from elsewhere comes without the cookie (SameSite=Strict). Asked for again by this page, it comes with it.
 */
export function Bounce({ assets, to }: SignInProps) {
  return (
    <Document title="contact-relay" assets={{ ...assets, scripts: [] }} refreshSeconds={0}>
      <main class="sign-in" id="main">
        <h1>contact-relay</h1>
        <p>
          <a href={to}>Go on to the page</a>
        </p>
      </main>
    </Document>
  );
}
