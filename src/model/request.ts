/** A request and a reply as plain data: targets make and read them, only `delivery/transport.ts` moves them. */

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Absolute. */
  readonly url: string;
  /** Names as the contract spells them. */
  readonly headers: Readonly<Record<string, string>>;
  /** The very bytes that leave, in order, to be joined by the transport. They are there until the request is answered. Empty: no body. */
  readonly body: readonly Uint8Array[];
}

export interface ApiReply {
  readonly kind: 'reply';
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Cut at the transport's bound; `truncated` says so. */
  readonly body: string;
  readonly truncated: boolean;
  /** Epoch milliseconds, so that reading a `Retry-After` date needs no clock. */
  readonly receivedAt: number;
}

/** No usable answer came. `sent: 'no'` is certain (DNS, refused connection); otherwise the platform may have taken the request. */
export interface ApiFailure {
  readonly kind: 'failure';
  readonly code: string;
  readonly message: string;
  readonly sent: 'no' | 'unknown';
}
