/** Platforms echo what they were sent. Nothing of a reply is read for a report before this has passed over it. */
import type { ApiFailure, ApiReply } from '../model/request.ts';

const mask = '•••';
const shortestSecret = 4;

/** Makes the function that puts a mask over every secret in a reply's body and headers, in either case and percent-encoded too. */
export function secretHider(
  secrets: readonly (string | undefined)[],
): <Reply extends ApiReply | ApiFailure>(reply: Reply) => Reply {
  const spellings = secrets
    .filter((secret) => secret !== undefined)
    .filter((secret) => secret.length >= shortestSecret)
    .flatMap((secret) => [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)])
    // Longest first: a secret that begins with another one must not leave its tail behind.
    .sort((a, b) => b.length - a.length);
  if (spellings.length === 0) return (reply) => reply;
  const pattern = new RegExp(
    [...new Set(spellings)].map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|'),
    'gi',
  );
  const hide = (text: string) => text.replace(pattern, mask);
  return (reply) =>
    reply.kind === 'failure'
      ? { ...reply, message: hide(reply.message) }
      : {
          ...reply,
          body: hide(reply.body),
          headers: Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, hide(value)])),
        };
}
