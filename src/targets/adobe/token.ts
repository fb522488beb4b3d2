/** OAuth server-to-server: the access token for inlets that ask for one (contract §3). */
import { maskText } from '../../model/mask.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../../model/request.ts';
import type { Milliseconds, Verdict } from '../../model/verdict.ts';
import { jsonBody, reasonFrom, retryOf, retryOfFailure } from '../replies.ts';
import { secretHider } from '../secrets.ts';
import type { HarmlessCall, TokenSource } from '../target.ts';
import type { OAuthClient } from './config.ts';
import { isObject, platformSays } from './words.ts';

const renewBeforeMs = 5 * 60_000; // contract §3
/** A token lives 24 hours. The retired JWT exchange gave milliseconds where this one gives seconds (contract §3). */
const longestPlausibleSeconds = 30 * 24 * 3600;
/** For an answer that does not say: soon enough for any life that Adobe gives. */
const assumedSeconds = 3600;

type TokenReading = ReturnType<TokenSource['read']>;

export function tokenSource(client: OAuthClient): TokenSource {
  const hide = secretHider([client.clientSecret]);
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: client.clientId,
    client_secret: client.clientSecret,
    scope: client.scopes,
  });
  const body = [new TextEncoder().encode(form.toString())];
  const request: ApiRequest = {
    method: 'POST',
    url: client.tokenUrl,
    headers: { 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
    body,
  };
  return { request: () => request, read: (reply) => readToken(reply, hide), renewBeforeMs };
}

function readToken(reply: ApiReply | ApiFailure, hide: ReturnType<typeof secretHider>): TokenReading {
  // Asking twice for a token does no harm, whatever became of the first request.
  if (reply.kind === 'failure') return { ...retryOfFailure(hide(reply)), taken: 'no' };
  const { status } = reply;
  const shown = hide(reply);
  if (status === 429) return retryOf('rate-limited', shown, { scope: 'target', taken: 'no' });
  if (status >= 500 || status === 408) return retryOf('server-error', shown, { scope: 'target', taken: 'no' });
  if (status >= 300 && status < 400) return fatal('redirected', shown);
  if (status !== 200) {
    return fatal(
      'unauthorized',
      shown,
      'Compare clientId, clientSecret and scopes with the credential in Adobe Developer Console.',
    );
  }
  const answer = jsonBody(reply);
  const token = isObject(answer) ? answer['access_token'] : undefined;
  if (!isObject(answer) || typeof token !== 'string' || token === '') {
    // Not the body: it may hold a token under another name.
    return {
      kind: 'fatal',
      reason: reasonFrom('reply-unreadable', reply, 'no access_token in the answer', 'Check tokenUrl.'),
    };
  }
  return { token, lifetimeMs: lifetimeMs(Number(answer['expires_in'] ?? Number.NaN)) };
}

function lifetimeMs(expiresIn: number): Milliseconds {
  if (!(expiresIn > 0)) return assumedSeconds * 1000;
  return expiresIn > longestPlausibleSeconds ? expiresIn : expiresIn * 1000;
}

const fatal = (
  code: 'redirected' | 'unauthorized',
  reply: ApiReply,
  hint?: string,
): Extract<Verdict, { kind: 'fatal' }> => ({
  kind: 'fatal',
  reason: reasonFrom(code, reply, platformSays(reply), hint),
});

/** Adobe's tokens are JSON Web Tokens. Whoever reads a reply does not know which one was sent, so all that looks like one is masked. */
const webToken = /eyJ[\w-]+\.[\w-]+(?:\.[\w-]*)?/g;

export function withoutTokens<Reply extends ApiReply | ApiFailure>(reply: Reply): Reply {
  const text = reply.kind === 'failure' ? reply.message : reply.body;
  if (!text.includes('eyJ')) return reply;
  const masked = text.replace(webToken, maskText);
  return reply.kind === 'failure' ? { ...reply, message: masked } : { ...reply, body: masked };
}

/** The exchange proves the credential, and leaves no trace. That the inlet takes it is proven only by sending. */
export function tokenCheck(source: TokenSource): HarmlessCall {
  return {
    about: 'fetches an access token; the inlet itself is not touched',
    calls: [{ request: source.request(), authorize: (request) => request }],
    read(reply) {
      const outcome = source.read(reply);
      if ('token' in outcome) {
        const hours = Math.round(outcome.lifetimeMs / 360_000) / 10;
        return {
          ok: true,
          says: `Adobe gave a token for ${hours} hours; that the inlet takes it shows with the first row`,
        };
      }
      const { reason, hint } = outcome.reason;
      return { ok: false, says: reason, ...(hint === undefined ? {} : { hint }) };
    },
  };
}
