/** One attempt: the request as it must look now (token, date, signature), sent, and the verdict on what came back. */
import type { Clock } from '../model/clock.ts';
import type { Milliseconds, RetryPlan, Verdict } from '../model/verdict.ts';
import type { Target } from '../targets/target.ts';
import { type Chunk, chunkBody } from './chunk.ts';
import { misconfigured } from './misconfigured.ts';
import type { NoToken, TokenCache } from './token-cache.ts';
import type { Transport } from './transport.ts';

export interface Exchanged {
  readonly verdict: Verdict;
  readonly tookMs: Milliseconds;
  /** The token that was used, so that a refused one can be dropped. */
  readonly token?: string | undefined;
  /** The attempt was called off by the run, not answered. */
  readonly calledOff: boolean;
}

export type Exchange = (chunk: Chunk, carry: string | undefined, signal: AbortSignal) => Promise<Exchanged>;

export function createExchange(
  target: Target,
  transport: Transport,
  tokens: TokenCache | undefined,
  clock: Clock,
): Exchange {
  return async (chunk, carry, signal) => {
    const body = chunkBody(chunk, carry);
    let token: string | undefined;
    if (tokens !== undefined) {
      const got = await tokens.get();
      if (!('token' in got)) return { verdict: withoutToken(got, target.retry), tookMs: 0, calledOff: false };
      token = got.token;
    }
    const request = target.authorize(chunk.operation.request(body), new Date(clock.now()), token);
    const startedAt = performance.now();
    const reply = await transport.send(request, signal);
    const tookMs = performance.now() - startedAt;
    const calledOff = reply.kind === 'failure' && reply.code === 'aborted';
    return { verdict: misconfigured(reply) ?? chunk.operation.verdict(reply, body), tookMs, token, calledOff };
  };
}

/** Nothing has left. Everyone needs a token, so everyone waits; and however long it lasts, it is not the rows that are at fault. */
const withoutToken = (verdict: NoToken, plan: RetryPlan): Verdict =>
  verdict.kind === 'fatal' ? verdict : { ...verdict, scope: 'target', taken: 'no', plan: { ...plan, then: 'stop' } };
