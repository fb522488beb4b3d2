/** The one call that proves the credentials and can store nothing, and the region with them (contract §3). */
import type { ApiRequest } from '../../model/request.ts';
import type { HarmlessCall } from '../target.ts';
import { forbiddenHint, isOfRights } from './forbidden.ts';
import { regions } from './settings.ts';
import { type Credentials, createSigner } from './signature.ts';
import { type Hide, wordsOf } from './verdict.ts';

/**
 * A signed POST of `{}`: without `type` and `data` there is nothing it could name or hold, so a good signature earns a 400.
 * A GET proves nothing: the gateway forbids it alike for good and bad keys.
 */
export function createCheck(
  emptyRecord: ApiRequest,
  credentials: Credentials,
  region: string,
  hide: Hide,
): HarmlessCall {
  const tried = [region, ...regions.filter((other) => other !== region)];
  return {
    about:
      'sends one signed, empty record, which Data Talks refuses (400) and cannot store; tried for each likely region',
    calls: tried.map((name) => ({ request: emptyRecord, authorize: createSigner(credentials, name) })),
    read(received, index) {
      const reply = hide(received);
      const here = tried[index] ?? region;
      if (reply.kind === 'failure') return { ok: false, says: `no answer: ${reply.message}` };
      const words = wordsOf(reply);
      const answered = words === '' ? `answered ${reply.status}` : `answered ${reply.status}: ${words}`;
      if (reply.status === 400 || reply.status === 200) {
        return here === region
          ? { ok: true, says: `the signature is good in region ${here}; the empty record was refused as it should be` }
          : {
              ok: false,
              conclusive: true,
              says: `the signature is good in region ${here}, but the target is set to ${region}`,
              hint: `Set region: ${here}`,
            };
      }
      if (reply.status !== 403) return { ok: false, says: `region ${here}: ${answered}` };
      const hint = forbiddenHint(words);
      return isOfRights(words) && here !== region
        ? { ok: false, conclusive: true, says: `region ${here}: ${answered}`, hint: `Set region: ${here}. ${hint}` }
        : { ok: false, says: `region ${here}: ${answered}`, hint };
    },
  };
}
