/** One field of the payload, compiled: where its value comes from, what an empty one becomes, how it converts. */

import type { Json } from '../model/json.ts';
import type { EmptyPolicy } from '../targets/target.ts';
import type { Complaint, Path } from './complaint.ts';
import { asIs, compileConversion, convertLiteral } from './convert.ts';
import { compileExpression } from './expression.ts';
import type { GroupRows } from './group-rows.ts';
import { lookupIn, lookupName } from './lookup.ts';
import type { Mapping, MappingField } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { type ReadSource, type Row, type Shape, sourceReader, sourceText, textReader } from './row-shape.ts';
import type { SensitiveColumns } from './sensitive-columns.ts';
import { loadTransform, type Transform } from './transform.ts';

export interface CompiledField {
  readonly name: string;
  readonly steps: readonly string[];
  /** What is sent; undefined: the field is left out. */
  readonly read: (row: Row) => Json | undefined | Refusal;
  /** For faults: the column, and its value as a person would read it in the file. */
  readonly origin: (row: Row) => { readonly column?: string; readonly value?: string };
  readonly columns: readonly string[];
  /** CEL type of its expression, when it has one. */
  readonly expressionType?: string;
}

export interface FieldSurroundings {
  readonly shape: Shape;
  readonly mapping: Mapping;
  /** Already decided: field's, entry's, mapping's, operation's. */
  readonly policy: EmptyPolicy | undefined;
  readonly sensitiveColumns: SensitiveColumns;
  /** Where the rows of the group are to be found, when the mapping groups them. */
  readonly group?: GroupRows | undefined;
  readonly path: Path;
  readonly complain: (complaint: Complaint) => void;
}

const missing = new Refusal('value-missing', 'a value is needed and the cell is empty');

export function compileField(field: MappingField, around: FieldSurroundings): CompiledField {
  const { path, complain } = around;
  const { name, steps } = field;
  if (field.mapFile !== undefined) complain({ path: [...path, 'map'], text: 'the file of the map was not read' });
  const { fromText, fromJson } = compileConversion(
    field,
    (key, text) => complain({ path: [...path, key], text }),
    (source, text) => complain({ path: [...path, 'map', source], text }),
    lookUpOf(field, around),
  );
  const convert = (value: Json) => (typeof value === 'string' ? fromText(value) : fromJson(value));
  if (field.const !== undefined) {
    const value = literal(field, 'const', field.const, around);
    return { name, steps, read: () => value, origin: () => ({}), columns: [] };
  }
  const isEmpty = emptiness(field);
  const whenEmpty = emptyValue(field, around);

  const transform = transformOf(field, around);
  const transformed = (value: Json, row: Row): Json | undefined | Refusal => {
    const made = transform?.(value, row);
    if (made instanceof Refusal) return made;
    const full = isEmpty(made);
    return full === undefined ? whenEmpty(made) : convert(full);
  };

  if (field.expr !== undefined) {
    const compiled = compileExpression(field.expr, around.shape, {
      expects: 'any',
      sensitive: around.sensitiveColumns,
      group: around.group,
    });
    if (!('evaluate' in compiled)) {
      for (const fault of compiled) complain({ path: [...path, 'expr'], ...fault });
      return { name, steps, read: () => undefined, origin: () => ({}), columns: [] };
    }
    const { evaluate, columns, type } = compiled;
    const read = (row: Row) => {
      const value = evaluate(row);
      if (value instanceof Refusal) return value;
      const full = isEmpty(value);
      if (full === undefined) return whenEmpty(value);
      return transform === undefined ? convert(full) : transformed(full, row);
    };
    const known = transform === undefined ? { expressionType: type } : {};
    return { name, steps, read, origin: () => ({}), columns, ...known };
  }

  const columns = field.from ?? [];
  const readers = columns.map((column, index) => {
    const reader = sourceReader(around.shape, column);
    if (typeof reader !== 'string') return reader;
    complain({ path: columns.length === 1 ? [...path, 'from'] : [...path, 'from', index], text: reader });
    return () => undefined;
  });
  const origin = (row: Row) => {
    const at = Math.max(
      0,
      readers.findIndex((reader) => isEmpty(reader(row)) !== undefined),
    );
    const value = sourceText(readers[at]?.(row));
    return { ...(columns[at] === undefined ? {} : { column: columns[at] }), ...(value === undefined ? {} : { value }) };
  };
  if (transform !== undefined) {
    const read = (row: Row) => {
      if (readers.length === 0) return transformed(null, row);
      for (const reader of readers) {
        const full = isEmpty(reader(row));
        if (full !== undefined) return transformed(full, row);
      }
      return whenEmpty(readers[0]?.(row));
    };
    return { name, steps, read, origin, columns };
  }
  return {
    name,
    steps,
    read: reading(field, around.shape, readers, { isEmpty, whenEmpty, convert, fromText }),
    origin,
    columns,
  };
}

function lookUpOf(field: MappingField, { mapping, path, complain }: FieldSurroundings) {
  if (field.lookup === undefined) return undefined;
  const table = mapping.tables[lookupName(field.lookup)];
  if (table === undefined) complain({ path: [...path, 'lookup'], text: 'the file of the lookup was not read' });
  return table === undefined ? undefined : lookupIn(table);
}

function transformOf(field: MappingField, around: FieldSurroundings): Transform | undefined {
  if (field.transform === undefined) return undefined;
  const { mapping, shape, path, complain, sensitiveColumns } = around;
  const loaded = loadTransform(mapping.file, field.transform, shape, field.sensitive === true || sensitiveColumns.any);
  if (typeof loaded !== 'string') return loaded;
  complain({ path: [...path, 'transform'], text: loaded });
  return undefined;
}

interface Reading {
  readonly isEmpty: (value: Json | undefined) => Json | undefined;
  readonly whenEmpty: (value: Json | undefined) => Json | undefined | Refusal;
  readonly convert: (value: Json) => Json | Refusal;
  readonly fromText: (text: string) => Json | Refusal;
}

function reading(
  field: MappingField,
  shape: Shape,
  readers: readonly ReadSource[],
  how: Reading,
): CompiledField['read'] {
  const { isEmpty, whenEmpty, convert } = how;
  const [only] = readers;
  const splits = field.split !== undefined;
  if (only === undefined || readers.length > 1 || splits) {
    return (row) => {
      let value: Json | undefined;
      for (const reader of readers) {
        value = isEmpty(reader(row));
        if (value !== undefined) break;
      }
      if (value === undefined) return whenEmpty(only?.(row));
      const converted = convert(value);
      // A cell of separators only holds nothing.
      return splits && Array.isArray(converted) && converted.length === 0 ? whenEmpty('') : converted;
    };
  }
  // The usual case, and the hottest lines of the mapping side: one column.
  const ofText = textReading(field, how);
  const ofOther = (value: Json | undefined) =>
    value === undefined || value === null ? whenEmpty(value) : convert(value);
  const read = textReader(shape, field.from?.[0] ?? '', ofText, ofOther);
  return typeof read === 'string' ? () => undefined : read;
}

function textReading(
  field: MappingField,
  { isEmpty, whenEmpty, fromText }: Reading,
): (text: string) => Json | undefined | Refusal {
  if (field.emptyWords !== undefined) {
    return (text) => {
      const full = isEmpty(text);
      return typeof full === 'string' ? fromText(full) : whenEmpty('');
    };
  }
  if (field.trim === true) {
    return (text) => {
      const trimmed = text.trim();
      return trimmed === '' ? whenEmpty('') : fromText(trimmed);
    };
  }
  // Most fields of most files: one call less for each value.
  if (fromText === asIs) return (text) => (text === '' ? whenEmpty('') : text);
  return (text) => (text === '' ? whenEmpty('') : fromText(text));
}

/** Undefined for an empty value, else the value, trimmed if the field says so. */
function emptiness(field: MappingField): Reading['isEmpty'] {
  const words = field.emptyWords === undefined ? undefined : new Set(field.emptyWords);
  const trims = field.trim === true;
  return (value) => {
    if (value === null) return undefined;
    if (typeof value !== 'string') return value;
    const text = trims ? value.trim() : value;
    return text === '' || words?.has(text) ? undefined : text;
  };
}

export function emptyValue(field: MappingField, around: FieldSurroundings): Reading['whenEmpty'] {
  if (field.default !== undefined) {
    const value = literal(field, 'default', field.default, around);
    return () => value;
  }
  switch (around.policy) {
    case 'omit':
      return () => undefined;
    case 'null':
      return () => null;
    case 'keep':
      // As it came: "" stays "", null stays null, and what is not there stays away.
      return (value) => (typeof value === 'string' ? '' : value);
    default:
      return () => missing;
  }
}

function literal(
  field: MappingField,
  key: 'const' | 'default',
  value: Json,
  around: FieldSurroundings,
): Json | undefined {
  const converted = convertLiteral(field, value);
  if (!(converted instanceof Refusal)) return converted;
  around.complain({ path: [...around.path, key], text: `${key} does not fit type ${field.type}: ${converted.reason}` });
  return undefined;
}
