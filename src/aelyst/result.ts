/** What the API's answer to one request for a contact means. */
export type ApiResult =
  | { kind: "ok"; status: 200; contactId: number }
  /** 429. `retryAfterMs` undefined when the API gave no usable hint. */
  | {
      kind: "limited";
      status: 429;
      retryAfterMs: number | undefined;
      /** `X-RateLimit-Limit`: requests allowed, per second as far as is known; undefined when it is not sent. */
      allowedRate?: number | undefined;
    }
  /** 449: this contact is in a queue of the API's own; the request was not carried out. */
  | { kind: "busy"; status: 449; retryAfterMs: number | undefined }
  | { kind: "unauthorized"; status: 401 | 403; message: string }
  /** 400, 422: something in the body, usually one field. */
  | { kind: "invalid"; status: number; message: string }
  /** 404, and a 400 that says so in words. */
  | { kind: "not-found"; status: number; message: string }
  /** 400, 409: the phone or e-mail of the body, or of the path of a creation, is that of this other contact. */
  | { kind: "taken"; status: number; message: string; contactId: number }
  /** Any other 4xx: repeating it will not help. */
  | { kind: "refused"; status: number; message: string }
  /** Repeating it may help: 408, 425, 5xx, a redirect, the network, a time-out, a 200 that is not the contract's. */
  | {
      kind: "unavailable";
      reason: "status" | "redirect" | "network" | "timeout" | "not-the-contract";
      status: number | undefined;
      message: string;
      retryAfterMs: number | undefined;
    };
