/** The kinds of value that parts of interactions are: how a mapping sees them, and how they are read. */
import { isRawNumber, type Json } from '../../model/json.ts';
import type { FieldType } from '../target.ts';
import type { PartKind } from './interaction-types.ts';
import { mergeTypes } from './schema.ts';
import {
  type Findings,
  factTtlSeconds,
  mostProperties,
  readFlatMap,
  readId,
  readName,
  readPartnerType,
  readTtl,
} from './values.ts';

export const fieldTypes: Readonly<Record<PartKind, FieldType>> = {
  text: 'string',
  name: 'string',
  id: 'string',
  number: 'number',
  integer: 'integer',
  partnerType: 'integer',
  ttl: 'integer',
  boolean: 'boolean',
  list: 'list',
  any: 'any',
  map: 'any',
  merge: 'string',
  operation: 'string',
};

export type Reader = (value: Json, findings: Findings) => Json | undefined;

/**
 * How a part of this kind is read; gives undefined, and a finding, when it is wrong.
 *
 * @param settings what a row may ask for because the mapping's settings do: SITE merges, REMOVE
 */
export function partReader(
  kind: PartKind,
  field: string,
  settings: { readonly mergeType?: string | undefined; readonly operationType?: string | undefined },
): Reader {
  const must = (expected: string, holds: (value: Json) => boolean): Reader => {
    return (value, findings) =>
      holds(value) ? value : findings.fault('field-type', field, `${expected} is needed here`, value);
  };
  switch (kind) {
    case 'text':
      return must('text', (value) => typeof value === 'string' && value.isWellFormed());
    case 'number':
      return must('a number', isNumber);
    case 'integer':
      return must('a whole number', isInteger);
    case 'boolean':
      return must('true or false', (value) => typeof value === 'boolean');
    case 'list':
      return must('a list', Array.isArray);
    case 'any':
      return (value) => value;
    case 'name':
      return (value, findings) => readName(value, field, findings);
    case 'id':
      return (value, findings) => readId(value, field, findings);
    case 'partnerType':
      return (value, findings) => {
        const type = readPartnerType(value, undefined, field, findings);
        return type === undefined ? undefined : Number(type);
      };
    case 'ttl':
      return (value, findings) => readTtl(value, undefined, factTtlSeconds, field, findings);
    case 'map':
      return (value, findings) => readFlatMap(value, field, findings, mostProperties);
    case 'merge':
      return settings.mergeType === 'SITE' ? oneOf(field, mergeTypes) : oneOf(field, mergeTypes, 'SITE');
    case 'operation':
      return settings.operationType === 'REMOVE'
        ? oneOf(field, ['INSERT', 'REMOVE'])
        : oneOf(field, ['INSERT', 'REMOVE'], 'REMOVE');
  }
}

/** @param destructive refused from a row: what destroys must stand in the mapping, where it can be asked about before the run */
function oneOf(field: string, names: readonly string[], destructive?: string): Reader {
  return (value, findings) => {
    if (value === destructive) {
      return findings.fault(
        'field-enum',
        field,
        `${destructive} destroys data, so it must stand in the mapping's settings, not in a row`,
        value,
      );
    }
    return typeof value === 'string' && names.includes(value)
      ? value
      : findings.fault('field-enum', field, `this is none of ${names.join(', ')}`, value);
  };
}

const isNumber = (value: Json): boolean => isRawNumber(value) || (typeof value === 'number' && Number.isFinite(value));

const integerText = /^-?\d+$/;
const isInteger = (value: Json): boolean =>
  isRawNumber(value) ? integerText.test(value.rawJSON) : Number.isInteger(value);
