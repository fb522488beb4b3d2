/** One entity of Data Talks as an operation: one record a request, checked against the declared fields (contract §2, §6). */
import { type Fault, shorten } from '../../model/fault.ts';
import { isRawNumber, type Json, type JsonObject } from '../../model/json.ts';
import type { ApiRequest } from '../../model/request.ts';
import type { TargetCode } from '../codes.ts';
import type { Encoded, FieldRule, FieldType, Frame, Operation, RowContext } from '../target.ts';
import { compileCheck, type FieldCheck, Refusal } from './field-checks.ts';
import { type FieldDeclaration, longForm, type OperationSettings } from './settings.ts';
import { type Hide, verdictOf } from './verdict.ts';

export type Entity = 'profiles' | 'events' | 'inventory';

/** What an operation takes from the configured target. */
export interface Surroundings {
  readonly url: string;
  readonly headers: ApiRequest['headers'];
  readonly groupKey: string | undefined;
  readonly maxBytes: number;
  readonly hide: Hide;
}

const bare: Frame = { prefix: '', suffix: '' };
const derivedDigits = 32; // contract §7
const uuidForm = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

interface Field {
  readonly name: string;
  readonly check: FieldCheck;
  readonly optional: boolean;
  readonly isHardId: boolean;
  readonly isText: boolean;
}

export function createOperation(entity: Entity, settings: OperationSettings, target: Surroundings): Operation {
  const derived = settings.deriveHardId;
  const idField = settings.datatalksIdFrom;
  const declared = Object.entries(settings.fields).map(([name, form]) => ({ name, form: longForm(form) }));
  const fields: readonly Field[] = declared
    .filter(({ name }) => name !== derived)
    .map(({ name, form }) => ({
      name,
      check: compileCheck(form, settings.zone),
      optional: form.optional,
      isHardId: settings.hardId.includes(name),
      isText: form.type === 'string',
    }));
  const byName = new Map(fields.map((field) => [field.name, field]));
  const hardId = settings.hardId.filter((name) => name !== derived);

  const head = `{"type":${JSON.stringify(settings.type)},`;
  const tail = target.groupKey === undefined ? '}' : `,"groupKey":${JSON.stringify(target.groupKey)}}`;
  const once = entity === 'events' && derived === undefined ? onceByHardId(settings.hardId) : undefined;
  const laneHead = `${entity}:${settings.type}:`;

  function encode(item: JsonObject, row: RowContext): Encoded | { readonly faults: readonly Fault[] } {
    let faults: Fault[] | undefined;
    let data = item;
    let present = 0;
    let emptyText: string | undefined;
    let idPart = '';
    const fault = (field: string, code: TargetCode, reason: string, value?: Json, stage: 'map' | 'limit' = 'map') => {
      faults ??= [];
      faults.push({ stage, code, reason, field, ...(value === undefined ? {} : { value: show(value) }) });
    };
    const change = (name: string, value: Json | undefined) => {
      if (data === item) data = { ...item };
      if (value === undefined) delete data[name];
      else data[name] = value;
    };

    for (const name of Object.keys(item)) {
      const value = item[name];
      if (value === undefined) continue;
      const field = byName.get(name);
      if (field === undefined) {
        if (name === idField) {
          change(name, undefined);
          if (typeof value === 'string' && uuidForm.test(value)) idPart = `"datatalksId":"${value}",`;
          else if (value !== null && value !== '')
            fault(name, 'field-format', `${name}: a datatalksId (a UUID in lower case) is expected`, value);
        } else fault(name, 'field-unknown', unknownText(name, derived), value);
        continue;
      }
      present++;
      if (value === null || (value === '' && field.isHardId)) {
        if (field.isHardId) fault(name, 'id-missing', `${name} is part of the Hard-ID and may never be null or empty`);
        continue;
      }
      const checked = field.check(value);
      if (checked instanceof Refusal) fault(name, checked.code, `${name}: ${checked.expected}`, value);
      else if (checked !== value) change(name, checked);
      else if (value === '' && field.isText) emptyText ??= name;
    }
    if (present < fields.length) {
      for (const field of fields) {
        if (item[field.name] !== undefined && Object.hasOwn(item, field.name)) continue;
        if (field.isHardId) fault(field.name, 'id-missing', `${field.name} is part of the Hard-ID and is missing`);
        else if (!field.optional)
          fault(field.name, 'field-missing', `${field.name} is missing and not optional at Data Talks`);
        else if (!settings.allowMissingOptional)
          fault(
            field.name,
            'field-missing',
            `${field.name} is missing, and Data Talks would set it to null: map it, or set allowMissingOptional`,
          );
      }
    }
    if (faults !== undefined) return { faults };

    let dataJson = JSON.stringify(data);
    if (derived !== undefined) {
      const own = `${JSON.stringify(derived)}:"${row.identity.slice(0, derivedDigits)}"}`;
      dataJson = dataJson === '{}' ? `{${own}` : `${dataJson.slice(0, -1)},${own}`;
    }
    const json = `${head}${idPart}"data":${dataJson}${tail}`;
    if (json.length * 3 > target.maxBytes) {
      const bytes = Buffer.byteLength(json);
      if (bytes > target.maxBytes)
        return {
          faults: [
            {
              stage: 'limit',
              code: 'item-too-large',
              reason: `the record has ${bytes} bytes, more than the ${target.maxBytes} allowed`,
            },
          ],
        };
    }
    const id = derived === undefined ? hardId.map((name) => keyText(data[name])).join('\u001f') : undefined;
    const made: Encoded = { json, route: '', lanes: id === undefined ? [] : [laneHead + id] };
    const encoded = id === undefined || once === undefined ? made : { ...made, id };
    return emptyText === undefined ? encoded : { ...encoded, warnings: [emptyTextWarning(emptyText)] };
  }

  const rules = fields.map((field): FieldRule => {
    const form = longForm(settings.fields[field.name] ?? 'string');
    return {
      name: field.name,
      type: ruleType(form),
      required: field.isHardId,
      // An optional field that is left out is erased, so the mapping must name it unless the user allows that.
      alwaysPresent: !(form.optional && settings.allowMissingOptional),
      about: aboutField(form, field.isHardId),
    };
  });

  return {
    name: entity,
    family: entity,
    fields:
      idField === undefined
        ? rules
        : [...rules, { name: idField, type: 'string', about: 'sent as datatalksId, beside type' }],
    emptyCells: {
      allowed: settings.allowMissingOptional ? ['null', 'omit', 'keep', 'reject'] : ['null', 'keep', 'reject'],
      fallback: 'null',
      why: 'null clears the field at Data Talks; an empty text fails the call in any field that is not text, and a field left out is either refused or cleared as well',
    },
    repeatable: settings.assumeUpsert ?? true,
    // The Hard-ID is the lane.
    ...(entity !== 'events' && derived === undefined && settings.assumeUpsert !== false
      ? { lastWins: { same: [] } }
      : {}),
    ...(once === undefined ? {} : { once }),
    limits: { items: 1, bytes: target.maxBytes },
    // A derived Hard-ID is another one for each row: no two rows are about the same thing.
    laned: derived === undefined,
    encode,
    frame: () => bare,
    request: (chunk) => ({ method: 'POST', url: target.url, headers: target.headers, body: chunk.body }),
    verdict: (reply) => verdictOf(reply, target.hide),
    cost: (items) => items,
    ...(settings.assumeUpsert === true ? { notices: [assumption(entity)] } : {}),
  };
}

/** People and things are meant to be written anew; an event that another one replaces is lost (contract §7). */
const onceByHardId = (hardId: readonly string[]) => ({
  name: `Hard-ID (${hardId.join(', ')})`,
  says: 'Data Talks is assumed to keep one event of a Hard-ID, the last',
});

const assumption = (entity: Entity) =>
  `${entity} sent again with the same Hard-ID are assumed to replace the first (Data Talks does not say); assumeUpsert: false holds back uncertain rows instead`;

const show = (value: Json): string => shorten(typeof value === 'string' ? value : JSON.stringify(value));

/** An id as text; the same for 7 and "7", which at worst makes two requests wait for each other. */
function keyText(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  return isRawNumber(value) ? value.rawJSON : typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const unknownText = (name: string, derived: string | undefined): string =>
  name === derived
    ? `${name} is derived from the row (deriveHardId): leave it out of the mapping`
    : `${name} is not among the declared fields, and Data Talks would drop it without a word`;

function ruleType(form: FieldDeclaration): FieldType {
  if (form.type === 'list<string>') return 'list';
  if (form.type !== 'decimal') return form.type;
  // Money goes as text or as a number; without a declared form both types of a mapping may be right.
  return form.format === 'text' ? 'string' : form.format === 'number' ? 'number' : 'any';
}

function aboutField(form: FieldDeclaration, isHardId: boolean): string {
  const kind = form.format === undefined ? form.type : `${form.type} as ${form.format}`;
  return isHardId ? `${kind}; part of the Hard-ID` : form.optional ? `${kind}; optional` : kind;
}

const emptyTextWarning = (field: string) => ({
  code: 'text-empty' satisfies TargetCode,
  text: `${field} goes out as an empty text; Data Talks advises null`,
});
