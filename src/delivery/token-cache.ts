/**
 * An access token that ages: fetched when first needed, renewed ahead of its end, by one caller for all (single flight). It
 * asks once and says what came of it: an outage of the token service is waited for as one of the platform itself is, by
 * the same policy, and while the token at hand still holds nobody waits.
 */
import type { Clock } from '../model/clock.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import type { Milliseconds, Verdict } from '../model/verdict.ts';
import type { TokenSource } from '../targets/target.ts';
import { misconfigured } from './misconfigured.ts';

export type NoToken = Extract<Verdict, { kind: 'retry' | 'fatal' }>;

export interface TokenCache {
  /** The token, or why there is none and what is to be done about it. */
  get(): Promise<{ readonly token: string } | NoToken>;
  /** The platform refused this token: do not use it again. */
  drop(token: string): void;
}

/** A renewal ahead that failed is tried again so much later. */
const renewAgainMs = 30_000;

export function createTokenCache(
  source: TokenSource,
  send: (request: ApiRequest) => Promise<ApiReply | ApiFailure>,
  clock: Clock,
): TokenCache {
  let held: { token: string; renewAt: Milliseconds; endsAt: Milliseconds } | undefined;
  let underWay: Promise<{ token: string } | NoToken> | undefined;

  const fetchToken = async (): Promise<{ token: string } | NoToken> => {
    const askedAt = clock.now();
    const reply = await send(source.request());
    const outcome = misconfigured(reply) ?? source.read(reply);
    if ('token' in outcome) {
      const { token, lifetimeMs } = outcome;
      // A lifetime shorter than the margin must not mean a new token for each request.
      const margin = Math.min(source.renewBeforeMs, lifetimeMs / 2);
      held = { token, renewAt: askedAt + lifetimeMs - margin, endsAt: askedAt + lifetimeMs };
      return { token };
    }
    const now = clock.now();
    if (outcome.kind === 'retry' && held !== undefined && now < held.endsAt) {
      held.renewAt = Math.min(now + renewAgainMs, held.endsAt);
      return { token: held.token };
    }
    const { reason } = outcome;
    return { ...outcome, reason: { ...reason, reason: `no access token: ${reason.reason}` } };
  };

  return {
    async get() {
      if (held !== undefined && clock.now() < held.renewAt) return { token: held.token };
      underWay ??= fetchToken().finally(() => {
        underWay = undefined;
      });
      return underWay;
    },
    drop(token) {
      if (held?.token === token) held = undefined;
    },
  };
}
