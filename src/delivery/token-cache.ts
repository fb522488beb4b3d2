/** An access token that ages: fetched when first needed, renewed ahead of its end, by one caller for all (single flight). */
import type { Clock } from '../model/clock.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import type { Milliseconds, Reason } from '../model/verdict.ts';
import type { TokenSource } from '../targets/target.ts';

export interface TokenCache {
  /** The token, or why there is none. */
  get(): Promise<{ readonly token: string } | { readonly reason: Reason }>;
  /** The platform refused this token: do not use it again. */
  drop(token: string): void;
}

const fetchAttempts = 5;
const firstWaitMs = 1000;

export function createTokenCache(
  source: TokenSource,
  send: (request: ApiRequest) => Promise<ApiReply | ApiFailure>,
  clock: Clock,
  signal: AbortSignal,
): TokenCache {
  let held: { token: string; renewAt: Milliseconds } | undefined;
  let underWay: Promise<{ token: string } | { reason: Reason }> | undefined;

  const fetchToken = async (): Promise<{ token: string } | { reason: Reason }> => {
    for (let attempt = 1; ; attempt++) {
      const askedAt = clock.now();
      const outcome = source.read(await send(source.request()));
      if ('token' in outcome) {
        // A lifetime shorter than the margin must not mean a new token for each request.
        const margin = Math.min(source.renewBeforeMs, outcome.lifetimeMs / 2);
        held = { token: outcome.token, renewAt: askedAt + outcome.lifetimeMs - margin };
        return { token: outcome.token };
      }
      if (outcome.kind === 'fatal' || attempt >= fetchAttempts || signal.aborted) return { reason: outcome.reason };
      await clock.sleep(outcome.after ?? firstWaitMs * 2 ** (attempt - 1), signal);
    }
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
