/** Replies that no platform has a say in, and that no retry can mend. */
import type { ApiFailure, ApiReply } from '../model/request.ts';
import type { Verdict } from '../model/verdict.ts';

export function misconfigured(reply: ApiReply | ApiFailure): Extract<Verdict, { kind: 'fatal' }> | undefined {
  if (reply.kind !== 'failure') return undefined;
  const hint = Object.hasOwn(hints, reply.code) ? hints[reply.code] : undefined;
  return hint === undefined ? undefined : { kind: 'fatal', reason: { code: reply.code, reason: reply.message, hint } };
}

const hints: Readonly<Record<string, string>> = {
  'bad-certificate': 'If a private authority signed it, name its PEM file in the target\'s "ca" setting.',
  'proxy-refused':
    'Check address, name and password of the proxy, in the target\'s "proxy" setting or in HTTPS_PROXY, and whether it allows this host. NO_PROXY names hosts that need none.',
};
