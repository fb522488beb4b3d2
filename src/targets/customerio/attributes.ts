/**
 * What stands under `traits` and `properties`: any JSON, but for a few reserved names that Customer.io reads in its own way
 * (contract §2.3), and for limits of the workspace behind the pipeline, which cut in after a call was accepted (§4).
 */
import { isJsonObject, isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import type { Findings } from './findings.ts';
import { epochMsOf, instantText, looksLikeEpochMs } from './instant.ts';

/** Contract §4, "downstream limits". */
const workspace = { nameBytes: 150, valueBytes: 1000, attributes: 300 } as const;

/** A UTF-16 unit takes at most three bytes of UTF-8, so most texts need no counting. */
export const isLongerThan = (text: string, bytes: number): boolean =>
  text.length > bytes || (text.length * 3 > bytes && Buffer.byteLength(text) > bytes);

/** Warns of what the workspace may cut or drop, and refuses numbers that JSON cannot hold: they would turn into null, and null erases. */
export function checkAttributes(attributes: JsonObject, under: 'traits' | 'properties', findings: Findings): void {
  let count = 0;
  for (const name in attributes) {
    count++;
    const value = attributes[name];
    if (value === undefined || value === null) continue;
    if (isLongerThan(name, workspace.nameBytes)) {
      findings.warn(
        'beyond-workspace-limit',
        `the name of ${under}.${name} is longer than ${workspace.nameBytes} bytes`,
      );
    }
    if (typeof value === 'number' && !Number.isFinite(value)) {
      findings.fault('field-range', `${under}.${name}`, 'expected a finite number');
    } else if (under === 'traits' && isLongerThan(textOf(value), workspace.valueBytes)) {
      findings.warn('beyond-workspace-limit', `${under}.${name} is longer than ${workspace.valueBytes} bytes`);
    }
    if (looksLikeEpochMs(value) && namesADate(name)) {
      findings.warn(
        'epoch-milliseconds',
        `${under}.${name} looks like milliseconds since 1970; give it type: datetime`,
      );
    }
  }
  if (under === 'traits' && count > workspace.attributes) {
    findings.warn('beyond-workspace-limit', `${count} traits, more than ${workspace.attributes}`);
  }
}

function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  return typeof value === 'object' && value !== null && !isRawNumber(value) ? JSON.stringify(value) : '';
}

const dateName = /(?:At|_at|[Dd]ate|[Tt]ime|[Tt]imestamp)$/;
const seenNames = new Map<string, boolean>();
const mostNamesKept = 10_000;

/** Whether an attribute's name says that it holds a date. Remembered: names repeat in every row. */
function namesADate(name: string): boolean {
  const known = seenNames.get(name);
  if (known !== undefined) return known;
  const says = dateName.test(name);
  if (seenNames.size < mostNamesKept) seenNames.set(name, says);
  return says;
}

/** How `cio_subscription_preferences` is sent: only what is named changes, or the whole set is replaced. */
export type PreferenceMode = 'change' | 'replace';

/** A person's traits as they are sent; the same object when nothing had to change. */
export function readPersonTraits(traits: JsonObject, preferences: PreferenceMode, findings: Findings): JsonObject {
  let sent = withCreatedAt(traits, findings);
  if (sent['unsubscribed'] !== undefined)
    sent = { ...sent, unsubscribed: readUnsubscribed(sent['unsubscribed'], findings) };
  if (sent['cio_subscription_preferences'] !== undefined) sent = withPreferences(sent, preferences, findings);
  refuseNonObject(sent, 'relationshipAttributes', findings);
  return sent;
}

/** An object's traits as they are sent: `objectTypeId` is a stringified integer (contract §2.3). */
export function readGroupTraits(traits: JsonObject, findings: Findings): JsonObject {
  const sent = withCreatedAt(traits, findings);
  refuseNonObject(sent, 'relationshipAttributes', findings);
  if (sent['object_type_id'] !== undefined) {
    findings.fault('field-unknown', 'traits.object_type_id', 'Customer.io now calls it objectTypeId');
  }
  const typeId = sent['objectTypeId'];
  if (typeId === undefined) return sent;
  const text = objectTypeText(typeId);
  if (text !== undefined) return text === typeId ? sent : { ...sent, objectTypeId: text };
  findings.fault('field-type', 'traits.objectTypeId', 'expected a whole number', typeId);
  return sent;
}

const wholeNumber = /^[1-9]\d*$/;

/** Undefined when it is not a positive whole number. */
export function objectTypeText(value: Json): string | undefined {
  const text = isRawNumber(value) ? value.rawJSON : typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && wholeNumber.test(text) ? text : undefined;
}

function withCreatedAt(traits: JsonObject, findings: Findings): JsonObject {
  let sent = traits;
  for (const name of ['createdAt', 'created_at'] as const) {
    const value = sent[name];
    if (value === undefined) continue;
    if (looksLikeEpochMs(value)) {
      findings.fault('field-range', `traits.${name}`, 'expected a date-time, not milliseconds since 1970', value);
    } else if (typeof value === 'string' && value !== '') {
      const epochMs = epochMsOf(value);
      // All-digit text is left alone by the platform (contract §6): epoch seconds.
      if (!Number.isNaN(epochMs)) sent = { ...sent, [name]: instantText(epochMs, value) };
      else if (!digits.test(value)) {
        findings.fault('field-format', `traits.${name}`, 'expected an ISO 8601 date-time with a zone', value);
      }
    }
  }
  return sent;
}

const digits = /^\d+$/;

/**
 * True, false, and the spellings that the platform reads the same way. Anything else ("yes", "Y", an empty cell) would
 * count as *subscribed* (contract §2.3), and people who opted out would get mail.
 */
function readUnsubscribed(value: Json, findings: Findings): Json {
  const text = isRawNumber(value) ? value.rawJSON : String(value).toLowerCase();
  if (text === 'true' || text === '1') return true;
  if (text === 'false' || text === '0') return false;
  findings.fault(
    'field-enum',
    'traits.unsubscribed',
    'expected true, false, 1 or 0: Customer.io takes everything else for subscribed',
    value,
  );
  return value;
}

const channels: ReadonlySet<string> = new Set(['email', 'sms', 'push', 'in_app', 'whatsapp', 'slack', 'line', 'inbox']); // contract §2.3

/** Dotted names change one topic or channel; a nested object replaces them all (contract §2.3). */
function withPreferences(traits: JsonObject, mode: PreferenceMode, findings: Findings): JsonObject {
  const { cio_subscription_preferences: preferences, ...others } = traits;
  const at = 'traits.cio_subscription_preferences';
  if (!isJsonObject(preferences)) {
    findings.fault('field-type', at, 'expected topics and channels below it', preferences);
    return traits;
  }
  const dotted: JsonObject = others;
  for (const [section, entries] of Object.entries(preferences)) {
    if ((section !== 'topics' && section !== 'channels') || !isJsonObject(entries)) {
      findings.fault('field-unknown', `${at}.${section}`, 'expected topics.topic_<id> or channels.<name>');
      continue;
    }
    for (const [name, value] of Object.entries(entries)) {
      if (section === 'channels' ? !channels.has(name) : !name.startsWith('topic_')) {
        const known = section === 'channels' ? [...channels].join(', ') : 'topic_<id>';
        findings.fault('field-enum', `${at}.${section}.${name}`, `expected ${known}`);
      }
      if (typeof value !== 'boolean') {
        findings.fault('field-type', `${at}.${section}.${name}`, 'expected true or false', value);
      }
      dotted[`cio_subscription_preferences.${section}.${name}`] = value;
    }
  }
  return mode === 'change' ? dotted : traits;
}

function refuseNonObject(traits: JsonObject, name: string, findings: Findings): void {
  const value = traits[name];
  if (value !== undefined && value !== null && !isJsonObject(value)) {
    findings.fault('field-type', `traits.${name}`, 'expected fields below it', value);
  }
}
