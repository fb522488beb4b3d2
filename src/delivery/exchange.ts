/** One attempt: the request as it must look now (token, date, signature), sent, and the verdict on what came back. */
import type { Clock } from '../model/clock.ts';
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { Milliseconds, Reason, Verdict } from '../model/verdict.ts';
import type { Target } from '../targets/target.ts';
import { type Chunk, chunkBody } from './chunk.ts';
import type { TokenCache } from './token-cache.ts';
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
      if ('reason' in got) return { verdict: { kind: 'fatal', reason: got.reason }, tookMs: 0, calledOff: false };
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

/** No platform has a say in these: no retry can mend them. */
function misconfigured(reply: ApiReply | ApiFailure): Verdict | undefined {
  if (reply.kind !== 'failure' || reply.code !== 'bad-certificate') return undefined;
  const reason: Reason = {
    code: 'bad-certificate',
    reason: reply.message,
    hint: 'If a private authority signed it, name its PEM file in the target\'s "ca" setting.',
  };
  return { kind: 'fatal', reason };
}
