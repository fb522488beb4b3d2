/** Data feeds: tables of texts for dynamic content, outside any profile (contract §2.9). One request, one entry. */
import * as z from 'zod';
import { isJsonObject, isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import { readSettings } from '../settings.ts';
import type { FieldRule } from '../target.ts';
import { apiRequest, encoded, frames, type OperationKind, refused, type Site } from './site.ts';
import { Findings, feedTtlSeconds, readId, readTtl, refuseUnknown } from './values.ts';
import { identicalRefusals, verdictOn } from './verdicts.ts';

const feedPrefixSetting = z.string().min(1).describe('Prefix of the feed, exactly as typed in the user interface');

const itemKeyField: FieldRule = {
  name: 'itemKey',
  type: 'string',
  required: true,
  about: 'key of the entry',
  alsoKnownAs: ['sku', 'product_id', 'item_id', 'id', 'key'],
};

const putSettings = z.strictObject({
  feedPrefix: feedPrefixSetting,
  ttl: z
    .int()
    .min(feedTtlSeconds.least)
    .max(feedTtlSeconds.most)
    .optional()
    .describe('Seconds after which an entry expires; left to the platform when absent'),
});
const putFields: readonly FieldRule[] = [
  itemKeyField,
  { name: 'ttl', type: 'integer', about: 'seconds until the entry expires, where it differs from row to row' },
  { name: 'values.*', type: 'string', about: 'texts; numbers and truth values are written as text' },
];
const putNames = new Set(['itemKey', 'ttl', 'values']);

export const datafeedPut: OperationKind = {
  summary: 'Write entries of a data feed',
  settings: putSettings,
  fields: putFields,
  compile(name, given, site) {
    const settings = readSettings(name, putSettings, given);
    return {
      name,
      family: name,
      fields: putFields,
      emptyCells: {
        allowed: ['omit', 'keep', 'reject'],
        fallback: 'omit',
        why: 'entries hold texts only, so there is no null; keep writes an empty text',
      },
      repeatable: true,
      lastWins: { same: [] },
      limits: { items: 1, bytes: site.limits.bytes },
      laned: true,
      encode(item) {
        const findings = new Findings();
        refuseUnknown(item, putNames, findings);
        const key = readKey(item['itemKey'], findings);
        const ttl =
          item['ttl'] === undefined && settings.ttl === undefined
            ? undefined
            : readTtl(item['ttl'], settings.ttl, feedTtlSeconds, 'ttl', findings);
        const values = readTexts(item['values'], findings);
        if (key === undefined || values === undefined) return refused(findings);
        const path = entryPath(settings.feedPrefix, key);
        const route = ttl === undefined ? path : `${path}?ttl=${ttl}`;
        return encoded(findings, `{"values":${JSON.stringify(values)}}`, route, [path], site.limits.bytes);
      },
      frame: () => frames.single,
      request: (chunk) => apiRequest(site, 'POST', entryUrl(site, chunk.route), chunk.body),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'POST', chunk.items),
      cost: () => 1,
      identicalRefusals,
    };
  },
};

const deleteSettings = z.strictObject({ feedPrefix: feedPrefixSetting });
const deleteNames = new Set(['itemKey']);
const deletes = 'deletes entries of a data feed';

export const datafeedDelete: OperationKind = {
  summary: 'Delete entries of a data feed',
  settings: deleteSettings,
  fields: [itemKeyField],
  destroys: deletes,
  compile(name, given, site) {
    const settings = readSettings(name, deleteSettings, given);
    return {
      name,
      family: name,
      fields: [itemKeyField],
      emptyCells: { allowed: ['omit', 'reject'], fallback: 'omit', why: 'an empty key is nothing to delete' },
      repeatable: true,
      destroys: deletes,
      limits: { items: 1, bytes: site.limits.bytes },
      laned: true,
      encode(item) {
        const findings = new Findings();
        refuseUnknown(item, deleteNames, findings);
        const key = readKey(item['itemKey'], findings);
        if (key === undefined) return refused(findings);
        const path = entryPath(settings.feedPrefix, key);
        return encoded(findings, '{}', path, [path], site.limits.bytes);
      },
      frame: () => frames.single,
      request: (chunk) => apiRequest(site, 'DELETE', entryUrl(site, chunk.route)),
      verdict: (reply, chunk) => verdictOn(site.hide(reply), 'DELETE', chunk.items),
      cost: () => 1,
      identicalRefusals,
    };
  },
};

const entryPath = (prefix: string, key: string): string =>
  `${encodeURIComponent(prefix)}/entries/${encodeURIComponent(key)}`;

/** `.` and `..` are steps in a path, percent-encoded or not: as a key they would hit another address. */
function readKey(value: Json | undefined, findings: Findings): string | undefined {
  const key = readId(value, 'itemKey', findings);
  return key === '.' || key === '..'
    ? findings.fault('field-format', 'itemKey', 'this key cannot stand in a URL', key)
    : key;
}

const entryUrl = (site: Site, route: string): string => `${site.url}/datafeeds/${route}`;

/** Contract §6 trap 5: texts only, so numbers become their digits. */
function readTexts(value: Json | undefined, findings: Findings): JsonObject | undefined {
  if (value !== undefined && !isJsonObject(value)) {
    return findings.fault('field-type', 'values', 'names with texts are needed here', value);
  }
  // Without a prototype: a column may be called __proto__.
  const texts: JsonObject = Object.create(null);
  let count = 0;
  for (const name in value) {
    count += 1;
    const text = textOf(value[name] ?? null);
    if (text === undefined) {
      findings.fault('field-type', `values.${name}`, 'an entry holds texts only', value[name]);
    } else if (!text.isWellFormed()) {
      findings.fault('field-format', `values.${name}`, 'the text holds broken Unicode', text);
    } else {
      texts[name] = text;
    }
  }
  return count === 0 ? findings.fault('item-empty', 'values', 'an entry needs at least one value') : texts;
}

function textOf(value: Json): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : undefined;
  return isRawNumber(value) ? value.rawJSON : undefined;
}
