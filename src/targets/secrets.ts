/** Platforms echo what they were sent. Nothing of a reply is read for a report before this has passed over it. */
import { maskTexts } from '../model/mask.ts';
import type { ApiFailure, ApiReply } from '../model/request.ts';

/** Makes the function that puts a mask over every secret in a reply's body and headers, in either case and percent-encoded too. */
export function secretHider(
  secrets: readonly (string | undefined)[],
): <Reply extends ApiReply | ApiFailure>(reply: Reply) => Reply {
  const hide = maskTexts(secrets);
  return (reply) =>
    reply.kind === 'failure'
      ? { ...reply, message: hide(reply.message) }
      : {
          ...reply,
          // When they are asked for: of most replies the status is enough.
          get body() {
            return hide(reply.body);
          },
          get headers() {
            return Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, hide(value)]));
          },
        };
}
