/** What the API's answer to one `PUT /contact/{identifier}` means. */
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
  | { kind: "not-found"; status: 404; message: string }
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
