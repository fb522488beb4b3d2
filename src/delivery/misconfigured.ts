/** Replies that no platform has a say in, and that no retry can mend. */
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { Verdict } from '../model/verdict.ts';

export function misconfigured(reply: ApiReply | ApiFailure): Extract<Verdict, { kind: 'fatal' }> | undefined {
  if (reply.kind !== 'failure' || reply.code !== 'bad-certificate') return undefined;
  return {
    kind: 'fatal',
    reason: {
      code: 'bad-certificate',
      reason: reply.message,
      hint: 'If a private authority signed it, name its PEM file in the target\'s "ca" setting.',
    },
  };
}
