/** Facts: named sets of attributes that expire (contract §2.1 to §2.3). A fact is replaced as a whole, by its name. */
import * as z from 'zod';
import type { ApiRequest } from '../../model/request.ts';
import { readSettings } from '../settings.ts';
import type { FieldRule, Operation } from '../target.ts';
import { digits, factTtlSetting, partnerTypeSetting } from './schema.ts';
import {
  addressFields,
  apiRequest,
  encoded,
  frames,
  type OperationKind,
  profileUrl,
  readAddress,
  refused,
  roomIn,
  type Site,
} from './site.ts';
import { Findings, factTtlSeconds, mostProperties, readFlatMap, readName, readTtl, refuseUnknown } from './values.ts';
import { identicalRefusals, verdictOn } from './verdicts.ts';

const writeSettings = z.strictObject({
  partnerType: partnerTypeSetting,
  factName: z.string().trim().min(1).optional().describe('Name of the fact, when all rows give the same one'),
  factTtl: factTtlSetting,
  forceInsert: z
    .boolean()
    .default(false)
    .describe('Write facts that have not changed too: restarts their time to live and triggers the audience engine'),
  renewMappingTtl: z.boolean().optional().describe('Renew the time to live of the profile’s existing ids'),
  loadIntervalSeconds: z
    .int()
    .min(1)
    .optional()
    .describe('Seconds between two runs of this load: only to be warned when facts may expire in between'),
});

const factNameField: FieldRule = {
  name: 'factName',
  type: 'string',
  about: 'name of the fact, where it differs from row to row; otherwise in settings',
};

const writeFields: readonly FieldRule[] = [
  ...addressFields,
  factNameField,
  {
    name: 'factTtl',
    type: 'integer',
    about: `seconds until the fact expires, ${factTtlSeconds.least} to ${factTtlSeconds.most}; otherwise in settings`,
  },
  {
    name: 'properties.*',
    type: 'any',
    about: `plain values, at most ${mostProperties}; dates as text YYYY-MM-DD HH:mm`,
  },
];
const writeNames = new Set(['partnerId', 'partnerType', 'factName', 'factTtl', 'properties']);

function writing(method: 'POST' | 'PUT', summary: string): OperationKind {
  return {
    summary,
    settings: writeSettings,
    fields: writeFields,
    compile: (name, settings, site) => compileWriting(name, method, readSettings(name, writeSettings, settings), site),
  };
}

function compileWriting(
  name: string,
  method: 'POST' | 'PUT',
  settings: z.infer<typeof writeSettings>,
  site: Site,
): Operation {
  const partnerType = digits(settings.partnerType);
  const renew = settings.renewMappingTtl === undefined ? '' : `&renewMappingTtl=${settings.renewMappingTtl}`;
  const mostItemBytes = roomIn(site.limits.bytes, frames.array);
  const tail = `&forceInsert=${settings.forceInsert}${renew}`;
  return {
    name,
    family: name,
    fields: requireWhatSettingsLack(writeFields, settings),
    emptyCells: {
      allowed: ['omit', 'keep', 'reject'],
      fallback: 'omit',
      why: 'a fact is replaced as a whole, so a property that is left out is most likely removed; null is not documented',
    },
    repeatable: true,
    lastWins: { same: [['factName']] },
    // A fact is replaced as a whole by its name, and no order is promised within one request (contract §6, §9).
    apart: factNameOf,
    notices: expiryNotices(settings),
    limits: site.limits,
    laned: true,
    encode(item) {
      const findings = new Findings();
      refuseUnknown(item, writeNames, findings);
      const address = readAddress(item, partnerType, findings);
      const factName = readName(item['factName'] ?? settings.factName, 'factName', findings);
      const factTtl = readTtl(item['factTtl'], settings.factTtl, factTtlSeconds, 'factTtl', findings);
      const properties = readFlatMap(item['properties'], 'properties', findings, mostProperties);
      if (address === undefined || factName === undefined || factTtl === undefined) return refused(findings);
      const tailOfItem = properties === undefined ? '}' : `,"properties":${JSON.stringify(properties)}}`;
      return encoded(
        findings,
        `{"factName":${JSON.stringify(factName)},"factTtl":${factTtl}${tailOfItem}`,
        address.route + tail,
        [address.lane],
        mostItemBytes,
      );
    },
    frame: () => frames.array,
    request: (chunk) => apiRequest(site, method, profileUrl(site, chunk.route, 'facts'), chunk.body),
    verdict: (reply, chunk) => verdictOn(site.hide(reply), method, chunk.items),
    cost: (items) => 1 + items, // contract §4
    identicalRefusals,
  };
}

/** As `encode` writes it, which is one spelling for each name: parsing each item once more was felt. */
function factNameOf(json: string): string {
  writtenName.lastIndex = 0;
  writtenName.test(json);
  return json.slice(0, writtenName.lastIndex);
}
const writtenName = /\{"factName":"[^"\\]*(?:\\.[^"\\]*)*"/y;

/** What settings do not give, every row must. */
export function requireWhatSettingsLack(
  fields: readonly FieldRule[],
  settings: Readonly<Record<string, unknown>>,
): readonly FieldRule[] {
  const neededSomewhere = new Set(['partnerType', 'factName', 'factTtl', 'mappingPartnerType']);
  return fields.map((field) =>
    neededSomewhere.has(field.name) && settings[field.name] === undefined ? { ...field, required: true } : field,
  );
}

/** Contract §5, traps 3 and 4: unchanged facts do not live longer for being sent again. */
function expiryNotices(settings: z.infer<typeof writeSettings>): readonly string[] {
  const { factTtl, forceInsert, loadIntervalSeconds } = settings;
  // Contract §2.1.
  if (forceInsert)
    return [
      'facts are written anew though they have not changed (forceInsert: true): the audience engine looks at every one, and may start journeys',
    ];
  const fact = settings.factName === undefined ? 'facts' : `fact "${settings.factName}"`;
  const life = factTtl === undefined ? 'their time to live' : `${factTtl} s`;
  if (loadIntervalSeconds === undefined || factTtl === undefined) {
    return [
      `${fact}: what has not changed keeps its old expiry (forceInsert: false), and is gone ${life} after it was first written, though it is sent again and again; set forceInsert: true where a load must push the expiry forward`,
    ];
  }
  return factTtl < 2 * loadIntervalSeconds
    ? [
        `${fact}: lives for ${life}, less than two intervals of ${loadIntervalSeconds} s between loads, and what has not changed keeps its old expiry (forceInsert: false); it may be missing until the next load`,
      ]
    : [];
}

export const factsAdd = writing('POST', 'Write facts of profiles; a profile that does not exist is created');
export const factsUpdate = writing('PUT', 'Write facts of profiles that exist; rows of unknown profiles are skipped');

const deleteSettings = z.strictObject({
  partnerType: partnerTypeSetting,
  factName: z.string().trim().min(1).optional().describe('Name of the fact to delete, when all rows give the same one'),
});
const deleteFields: readonly FieldRule[] = [...addressFields, factNameField];
const deleteNames = new Set(['partnerId', 'partnerType', 'factName']);
const deletes = 'deletes facts of profiles';

/** The names stand in the URL, where each of their bytes may take three; servers commonly take 8 kB of it (inferred). */
const mostNamesBytes = 2000;

export const factsDelete: OperationKind = {
  summary: 'Delete facts of profiles by name',
  settings: deleteSettings,
  fields: deleteFields,
  destroys: deletes,
  compile(name, given, site) {
    const settings = readSettings(name, deleteSettings, given);
    const partnerType = digits(settings.partnerType);
    const bytes = Math.min(site.limits.bytes, mostNamesBytes);
    const mostItemBytes = roomIn(bytes, frames.array);
    return {
      name,
      family: name,
      fields: requireWhatSettingsLack(deleteFields, settings),
      emptyCells: { allowed: ['omit', 'reject'], fallback: 'omit', why: 'an empty id or name is nothing to delete' },
      repeatable: true,
      destroys: deletes,
      limits: { items: site.limits.items, bytes },
      laned: true,
      encode(item) {
        const findings = new Findings();
        refuseUnknown(item, deleteNames, findings);
        const address = readAddress(item, partnerType, findings);
        const factName = readName(item['factName'] ?? settings.factName, 'factName', findings);
        if (address === undefined || factName === undefined) return refused(findings);
        return encoded(findings, JSON.stringify(factName), address.route, [address.lane], mostItemBytes);
      },
      frame: () => frames.array,
      request: (chunk) => deleteRequest(site, chunk.route, chunk.body),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'DELETE', chunk.items),
      cost: () => 1,
      identicalRefusals,
    };
  },
};

/** The chunk's bytes are a JSON array of names, and that is what the query wants (contract §2.3). */
function deleteRequest(site: Site, route: string, names: readonly Uint8Array[]): ApiRequest {
  const fact = encodeURIComponent(Buffer.concat(names).toString('utf8'));
  return apiRequest(site, 'DELETE', `${profileUrl(site, route, 'facts')}&fact=${fact}`);
}
