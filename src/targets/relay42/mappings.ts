/**
 * Mappings: the ids of a profile (contract §2.6, §2.7). With `via: profileId` a chunk takes the documented way of CRM
 * data (§7): ask for the profile's own id first, then address the mappings by that id, in id space 42.
 */
import * as z from 'zod';
import type { ApiFailure, ApiReply, ApiRequest } from '../../model/request.ts';
import type { Verdict } from '../../model/verdict.ts';
import { readSettings } from '../settings.ts';
import type { ChunkBody, FieldRule, Operation } from '../target.ts';
import { requireWhatSettingsLack } from './facts.ts';
import { digits, mergeDestroys, mergeTypeSetting, partnerTypeSetting } from './schema.ts';
import {
  addressFields,
  apiRequest,
  encoded,
  frames,
  laneOf,
  type OperationKind,
  platformPartnerType,
  profileUrl,
  readAddress,
  refused,
  roomIn,
  type Site,
} from './site.ts';
import { Findings, readId, readPartnerType, refuseUnknown } from './values.ts';
import { identicalRefusals, platformReason, readProfileId, verdictOn } from './verdicts.ts';

const mappingPartnerTypeSetting = z
  .int()
  .min(1)
  .max(999_999_999)
  .optional()
  .describe('Number of the id space of mappingPartnerId');

const fields: readonly FieldRule[] = [
  ...addressFields,
  {
    name: 'mappingPartnerId',
    type: 'string',
    required: true,
    about: 'the other id of the same person',
    alsoKnownAs: ['email_hash', 'loyalty_id', 'cookie_id'],
  },
  {
    name: 'mappingPartnerType',
    type: 'integer',
    about: 'number of the id space of mappingPartnerId, where it differs from row to row; otherwise in settings',
  },
];
const names = new Set(['partnerId', 'partnerType', 'mappingPartnerId', 'mappingPartnerType']);

/** What adding and deleting have in common: an item is one `{"partnerId","partnerType"}`. */
function shared(
  name: string,
  settings: { readonly partnerType?: number | undefined; readonly mappingPartnerType?: number | undefined },
  tail: string,
  site: Site,
): Pick<Operation, 'name' | 'fields' | 'emptyCells' | 'limits' | 'laned' | 'encode' | 'frame' | 'identicalRefusals'> {
  const partnerType = digits(settings.partnerType);
  const mostItemBytes = roomIn(site.limits.bytes, frames.array);
  const mappingPartnerType = digits(settings.mappingPartnerType);
  return {
    name,
    fields: requireWhatSettingsLack(fields, settings),
    emptyCells: {
      allowed: ['omit', 'reject'],
      fallback: 'omit',
      why: 'an empty id belongs to nobody, or to everybody: the row is rejected unless `when` leaves it out',
    },
    limits: site.limits,
    laned: true,
    encode(item) {
      const findings = new Findings();
      refuseUnknown(item, names, findings);
      const address = readAddress(item, partnerType, findings);
      const id = readId(item['mappingPartnerId'], 'mappingPartnerId', findings);
      const type = readPartnerType(item['mappingPartnerType'], mappingPartnerType, 'mappingPartnerType', findings);
      if (address === undefined || id === undefined || type === undefined) return refused(findings);
      // Contract §2.6: here, and only here, the partner type is a number.
      const json = `{"partnerId":${JSON.stringify(id)},"partnerType":${type}}`;
      return encoded(findings, json, address.route + tail, [address.lane, laneOf(type, id)], mostItemBytes);
    },
    frame: () => frames.array,
    identicalRefusals,
  };
}

const addSettings = z.strictObject({
  partnerType: partnerTypeSetting,
  mappingPartnerType: mappingPartnerTypeSetting,
  mergeType: mergeTypeSetting.default('NO_MERGE'),
  via: z
    .literal('profileId')
    .optional()
    .describe('Ask for the profile’s own id first and address the new ids by it, as the vendor advises for CRM data'),
});

export const mappingsAdd: OperationKind = {
  summary: 'Add ids to profiles',
  settings: addSettings,
  fields,
  compile(name, given, site) {
    const settings = readSettings(name, addSettings, given);
    const viaProfileId = settings.via === 'profileId';
    const common = shared(name, settings, `&mergeType=${settings.mergeType}`, site);
    return {
      ...common,
      family: viaProfileId ? `${name} via profileId` : name,
      // Contract §7 calls re-sending safe without a merge; one that overrides may meet values written in between.
      repeatable: settings.mergeType !== 'SITE',
      ...(settings.mergeType === 'SITE' ? { destroys: mergeDestroys } : {}),
      ...(viaProfileId ? { asksFirst: { standIn: 'PROFILE-ID', about: 'the profile id of the answer' } } : {}),
      request: (chunk) => (viaProfileId ? requestViaProfileId(site, chunk) : addRequest(site, chunk.route, chunk)),
      verdict: (reply, chunk) =>
        viaProfileId && chunk.carry === undefined
          ? verdictOnProfileId(site.hide(reply))
          : verdictOn(site.hide(reply), 'POST', chunk.items),
      cost: (items, carry) => (viaProfileId && carry === undefined ? 1 : 1 + items), // contract §4, inferred
    };
  },
};

const addRequest = (site: Site, route: string, chunk: ChunkBody): ApiRequest =>
  apiRequest(site, 'POST', profileUrl(site, route, 'mappings'), chunk.body);

/** The first request asks; the second one, built with the answer, writes. */
function requestViaProfileId(site: Site, chunk: ChunkBody): ApiRequest {
  const mergeType = chunk.route.lastIndexOf('&');
  if (chunk.carry === undefined) {
    return apiRequest(site, 'GET', profileUrl(site, chunk.route.slice(0, mergeType), 'profileId'));
  }
  const address = `${platformPartnerType}?partnerId=${encodeURIComponent(chunk.carry)}`;
  return addRequest(site, address + chunk.route.slice(mergeType), chunk);
}

function verdictOnProfileId(reply: ApiReply | ApiFailure): Verdict {
  // The question carries no items, so a refusal of it is never a reason to look for the guilty one.
  const verdict = verdictOn(reply, 'GET', 1);
  if (reply.kind === 'failure' || verdict.kind !== 'accepted') return unharmed(verdict);
  const profileId = readProfileId(reply);
  return profileId === undefined
    ? {
        kind: 'rejected',
        reason: platformReason(
          'reply-unreadable',
          reply,
          'No profile id could be found in the reply to GET profileId.',
        ),
      }
    : { kind: 'next', carry: profileId };
}

/** Whatever became of a question, nothing was written by it. */
const unharmed = (verdict: Verdict): Verdict => (verdict.kind === 'retry' ? { ...verdict, taken: 'no' } : verdict);

const deleteSettings = z.strictObject({
  partnerType: partnerTypeSetting,
  mappingPartnerType: mappingPartnerTypeSetting,
});
const deletes = 'removes ids from profiles, which may then no longer be found';

export const mappingsDelete: OperationKind = {
  summary: 'Remove ids from profiles',
  settings: deleteSettings,
  fields,
  destroys: deletes,
  compile(name, given, site) {
    const settings = readSettings(name, deleteSettings, given);
    return {
      ...shared(name, settings, '', site),
      family: name,
      repeatable: true,
      destroys: deletes,
      // Contract §2.7: a DELETE with a body.
      request: (chunk) => apiRequest(site, 'DELETE', profileUrl(site, chunk.route, 'mappings'), chunk.body),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'DELETE', chunk.items),
      cost: () => 1,
    };
  },
};
