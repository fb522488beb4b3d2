/** Operations on a profile as a whole: deleting it (contract §2.8) and activating a connector for it (§2.10). */
import * as z from 'zod';
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import { readSettings } from '../settings.ts';
import type { FieldRule } from '../target.ts';
import { requireWhatSettingsLack } from './facts.ts';
import { digits, partnerTypeSetting } from './schema.ts';
import {
  addressFields,
  apiRequest,
  encoded,
  frames,
  type OperationKind,
  profileUrl,
  readAddress,
  refused,
} from './site.ts';
import { Findings, refuseUnknown } from './values.ts';
import { identicalRefusals, verdictOn } from './verdicts.ts';

const deleteSettings = z.strictObject({ partnerType: partnerTypeSetting });
const deleteNames = new Set(['partnerId', 'partnerType']);
const deletes = 'deletes profiles with all their facts, interactions and ids';

export const profileDelete: OperationKind = {
  summary: 'Delete profiles and everything they hold',
  settings: deleteSettings,
  fields: addressFields,
  destroys: deletes,
  compile(name, given, site) {
    const settings = readSettings(name, deleteSettings, given);
    const partnerType = digits(settings.partnerType);
    return {
      name,
      family: name,
      fields: requireWhatSettingsLack(addressFields, settings),
      emptyCells: { allowed: ['omit', 'reject'], fallback: 'omit', why: 'an empty id is nobody to delete' },
      repeatable: true,
      destroys: deletes,
      limits: { items: 1, bytes: site.limits.bytes },
      laned: true,
      encode(item) {
        const findings = new Findings();
        refuseUnknown(item, deleteNames, findings);
        const address = readAddress(item, partnerType, findings);
        // The address says everything; the item has nothing to add to it.
        return address === undefined
          ? refused(findings)
          : encoded(findings, '{}', address.route, [address.lane], site.limits.bytes);
      },
      frame: () => frames.single,
      request: (chunk) => apiRequest(site, 'DELETE', profileUrl(site, chunk.route, 'profile')),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'DELETE', chunk.items),
      cost: () => 1,
      identicalRefusals,
    };
  },
};

const journeyFilter = z.strictObject({
  journeyId: z.union([z.string().min(1), z.int()]),
  stepId: z.union([z.string().min(1), z.int()]).optional(),
});
const activateSettings = z.strictObject({
  partnerType: partnerTypeSetting,
  connectorId: z.uuid().describe('The connector’s id'),
  journeyFilters: z
    .array(journeyFilter)
    .min(1)
    .optional()
    .describe('Journeys and steps that the activation is limited to'),
});
const activateFields: readonly FieldRule[] = [
  ...addressFields,
  {
    name: 'journeyFilters',
    type: 'list',
    about: 'list of {journeyId, stepId}, where it differs from row to row; otherwise in settings',
  },
];
const activateNames = new Set(['partnerId', 'partnerType', 'journeyFilters']);

export const connectorActivate: OperationKind = {
  summary: 'Activate a connector for profiles',
  settings: activateSettings,
  fields: activateFields,
  compile(name, given, site) {
    const settings = readSettings(name, activateSettings, given);
    const partnerType = digits(settings.partnerType);
    const connectorId = JSON.stringify(settings.connectorId);
    const ownFilters = settings.journeyFilters === undefined ? undefined : JSON.stringify(settings.journeyFilters);
    return {
      name,
      family: name,
      fields: requireWhatSettingsLack(activateFields, settings),
      emptyCells: { allowed: ['omit', 'reject'], fallback: 'omit', why: 'an empty id is nobody to activate for' },
      repeatable: false,
      notices: [`connector ${settings.connectorId} is activated for every row: real people may be contacted`],
      limits: { items: 1, bytes: site.limits.bytes },
      laned: true,
      encode(item) {
        const findings = new Findings();
        refuseUnknown(item, activateNames, findings);
        const address = readAddress(item, partnerType, findings);
        const filters = readFilters(item['journeyFilters'], findings) ?? ownFilters;
        if (address === undefined) return refused(findings);
        const rest = filters === undefined ? '}' : `,"journeyFilters":${filters}}`;
        return encoded(
          findings,
          `{"connectorId":${connectorId}${rest}`,
          address.route,
          [address.lane],
          site.limits.bytes,
        );
      },
      frame: () => frames.single,
      request: (chunk) =>
        apiRequest(
          site,
          'POST',
          profileUrl(site, chunk.route, 'mappings/activate', 'journeyorchestration'),
          chunk.body,
        ),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'POST', chunk.items),
      cost: () => 1,
      identicalRefusals,
    };
  },
};

function readFilters(value: Json | undefined, findings: Findings): string | undefined {
  if (value === undefined) return undefined;
  const areFilters =
    Array.isArray(value) && value.length > 0 && value.every((one) => isJsonObject(one) && isFilter(one));
  return areFilters
    ? JSON.stringify(value)
    : findings.fault('field-type', 'journeyFilters', 'a list of {journeyId, stepId} is needed here', value);
}

const isFilter = (filter: JsonObject): boolean => journeyFilter.safeParse(filter).success;
