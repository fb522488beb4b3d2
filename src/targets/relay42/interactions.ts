/**
 * Interactions: what happened (contract §2.4, §2.5), and, in the same ordered list, facts and ids. Each of the ten types has
 * its own properties: names by the vendor, types by older clients, so what is merely unusual is left to the platform.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../../model/json.ts';
import { readSettings } from '../settings.ts';
import type { FieldRule, Operation } from '../target.ts';
import { requireWhatSettingsLack } from './facts.ts';
import { fieldTypes, partReader } from './interaction-parts.ts';
import { type InteractionType, interactionTypes, isInteractionType, typeNames } from './interaction-types.ts';
import { digits, factTtlSetting, mergeDestroys, mergeTypeSetting, partnerTypeSetting } from './schema.ts';
import {
  addressFields,
  apiRequest,
  encoded,
  frames,
  laneOf,
  type OperationKind,
  profileUrl,
  readAddress,
  refused,
  roomIn,
  type Site,
} from './site.ts';
import { Findings, refuseUnknown } from './values.ts';
import { identicalRefusals, verdictOn } from './verdicts.ts';

const settingsSchema = z
  .strictObject({
    partnerType: partnerTypeSetting,
    interactionType: z.enum(typeNames).optional().describe('Type of interaction, when all rows give the same one'),
    type: z.string().trim().min(1).optional().describe('Name of the engagement, or of the external fact'),
    ttl: factTtlSetting,
    forceInsert: z.boolean().optional().describe('External facts: write what has not changed too'),
    operationType: z
      .enum(['INSERT', 'REMOVE'])
      .optional()
      .describe('External facts: INSERT writes them; REMOVE deletes them, and must stand here, not in a row'),
    mergeType: mergeTypeSetting,
  })
  .superRefine((settings, context) => {
    const { interactionType } = settings;
    if (interactionType === undefined) return;
    const parts = interactionTypes[interactionType];
    for (const name of ['type', 'ttl', 'forceInsert', 'operationType', 'mergeType'] as const) {
      if (settings[name] !== undefined && !(name in parts)) {
        context.addIssue({ code: 'custom', path: [name], message: `${interactionType} has no ${name}` });
      }
    }
  });
type Settings = z.infer<typeof settingsSchema>;

/** The fields of one type, or of all types together. What neither a type nor the settings can do without is required. */
function fieldsOf(settings: Settings): readonly FieldRule[] {
  const type = settings.interactionType;
  const rules = new Map(requireWhatSettingsLack(addressFields, settings).map((field) => [field.name, field]));
  rules.set('interactionType', {
    name: 'interactionType',
    type: 'string',
    required: type === undefined,
    about: `one of ${typeNames.join(', ')}; otherwise in settings`,
  });
  for (const name of type === undefined ? typeNames : [type]) {
    for (const [part, rule] of Object.entries(interactionTypes[name])) {
      const about = `of ${typeNames.filter((other) => part in interactionTypes[other]).join(', ')}`;
      const required = type !== undefined && rule.required === true && !isGiven(part, settings);
      const add = (field: string) => rules.set(field, { name: field, type: fieldTypes[rule.kind], required, about });
      if (rule.kind !== 'map') add(part);
      if (rule.kind === 'map' || rule.kind === 'any') add(`${part}.*`);
    }
  }
  return [...rules.values()];
}

const isGiven = (part: string, settings: Settings): boolean =>
  (part === 'type' && settings.type !== undefined) ||
  (part === 'ttl' && (settings.ttl !== undefined || settings.operationType === 'REMOVE'));

const commonNames = ['partnerId', 'partnerType', 'interactionType'] as const;

function writing(method: 'POST' | 'PUT', summary: string): OperationKind {
  return {
    summary,
    settings: settingsSchema,
    fields: fieldsOf({ partnerType: 0 }),
    compile: (name, settings, site) => compile(name, method, readSettings(name, settingsSchema, settings), site),
  };
}

export const interactionsAdd = writing('POST', 'Add interactions; a profile that does not exist is created');
export const interactionsUpdate = writing(
  'PUT',
  'Add interactions to profiles that exist; rows of unknown profiles are skipped',
);

/** Says how things are, not that something happened: sent twice, it leaves what it leaves when sent once (contract §7). */
const isStatement = ({ interactionType, mergeType }: Settings): boolean =>
  interactionType === 'externalFact' || (interactionType === 'sync' && mergeType !== 'SITE');

function compile(name: string, method: 'POST' | 'PUT', settings: Settings, site: Site): Operation {
  const partnerType = digits(settings.partnerType);
  const mostItemBytes = roomIn(site.limits.bytes, frames.interactions);
  const encoders = new Map(typeNames.map((type) => [type, typeEncoder(type, settings)]));
  const destroys = [
    ...(settings.mergeType === 'SITE' ? [mergeDestroys] : []),
    ...(settings.operationType === 'REMOVE' ? ['deletes facts of profiles (operationType REMOVE)'] : []),
  ].join('; ');
  return {
    name,
    family: name,
    fields: fieldsOf(settings),
    emptyCells: {
      allowed: ['omit', 'keep', 'reject'],
      fallback: 'omit',
      why: 'nothing is documented of empty or null properties of an interaction',
    },
    repeatable: isStatement(settings),
    ...(destroys === '' ? {} : { destroys }),
    notices: isStatement(settings)
      ? []
      : [
          'interactions cannot be dated back: what is sent counts as happening now, and may start journeys; put the real time among the variables',
        ],
    limits: site.limits,
    laned: true,
    encode(item) {
      const findings = new Findings();
      const address = readAddress(item, partnerType, findings);
      const type = readType(item['interactionType'] ?? settings.interactionType, findings);
      if (type === undefined) return refused(findings);
      const parts = encoders.get(type)?.(item, findings);
      if (address === undefined || parts === undefined) return refused(findings);
      const lanes = parts.lane === undefined ? [address.lane] : [address.lane, parts.lane];
      return encoded(findings, parts.json, address.route, lanes, mostItemBytes);
    },
    frame: () => frames.interactions,
    request: (chunk) => apiRequest(site, method, profileUrl(site, chunk.route, 'interactions'), chunk.body),
    verdict: (reply, chunk) => verdictOn(site.hide(reply), method, chunk.items),
    cost: (items) => 1 + items, // contract §4, inferred
    identicalRefusals,
  };
}

function readType(value: Json | undefined, findings: Findings): InteractionType | undefined {
  if (typeof value === 'string' && isInteractionType(value)) return value;
  return value === undefined || value === null
    ? findings.fault(
        'field-missing',
        'interactionType',
        'the type of interaction is neither in settings nor in the row',
      )
    : findings.fault('field-enum', 'interactionType', `this is none of ${typeNames.join(', ')}`, value);
}

type TypeEncoder = (item: JsonObject, findings: Findings) => { json: string; lane: string | undefined };

/** Compiled once for each type: a list of parts with their readers, in the order in which they are written. */
function typeEncoder(type: InteractionType, settings: Settings): TypeEncoder {
  const parts = Object.entries(interactionTypes[type]).map(([name, { kind, required }]) => ({
    name,
    kind,
    read: partReader(kind, name, settings),
    fallback: fallbackOf(type, name, settings),
    required: required === true,
    key: `,${JSON.stringify(name)}:`,
  }));
  const known = new Set<string>([...commonNames, ...parts.map(({ name }) => name)]);
  const head = `{"interactionType":${JSON.stringify(type)}`;
  return (item, findings) => {
    refuseUnknown(item, known, findings);
    const removes = type === 'externalFact' && (item['operationType'] ?? settings.operationType) === 'REMOVE';
    let json = head;
    let given = 0;
    let partnerNumber = '';
    let lane: string | undefined;
    for (const part of parts) {
      // What is removed needs no life and no content.
      if (removes && (part.name === 'ttl' || part.name === 'forceInsert')) continue;
      const value = item[part.name] ?? part.fallback;
      if (value === undefined) {
        if (part.required) findings.fault('field-missing', part.name, `${type} needs ${part.name}`);
        continue;
      }
      const read = part.read(value, findings);
      if (read === undefined) continue;
      given += 1;
      json += part.key + JSON.stringify(read);
      // The number stands before the cookie in the tables.
      if (part.kind === 'partnerType') partnerNumber = String(read);
      if (part.kind === 'id') lane = laneOf(partnerNumber, String(read));
    }
    if (given === 0 && findings.faults === undefined) {
      findings.fault('item-empty', 'interactionType', `${type} needs at least one of its properties`);
    }
    return { json: `${json}}`, lane };
  };
}

/** What a row that does not say takes from the settings; the safe choice is always written out. */
function fallbackOf(type: InteractionType, name: string, settings: Settings): Json | undefined {
  if (type === 'sync' && name === 'mergeType') return settings.mergeType ?? 'NO_MERGE';
  if (name === 'type') return settings.type;
  if (type !== 'externalFact') return undefined;
  if (name === 'ttl') return settings.ttl;
  if (name === 'forceInsert') return settings.forceInsert ?? false;
  return name === 'operationType' ? (settings.operationType ?? 'INSERT') : undefined;
}
