/** What a fault may show: nothing of a value that the mapping calls sensitive, in the reason as little as beside it. */
import { type Fault, shorten } from '../model/fault.ts';
import type { Json } from '../model/json.ts';
import { maskText } from '../model/mask.ts';
import type { CompiledEntry, EntryField } from './entry.ts';
import type { EntryFault } from './group-rows.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row-shape.ts';
import { leavesOf, type SensitiveColumns } from './sensitive-columns.ts';

export const isHidden = (field: EntryField, sensitive: SensitiveColumns): boolean =>
  field.sensitive ||
  field.columns.some((name) => sensitive.has(name)) ||
  (field.inner?.some((inner) => isHidden(inner, sensitive)) ?? false);

/** What a field makes of a row; undefined for nothing, and for a value that is refused. */
export function madeOf(field: EntryField, row: Row): Json | undefined {
  const made = field.read(row);
  return made instanceof Refusal ? undefined : made;
}

/** The longest first: a text that begins with another one must not leave its tail behind. */
const hushed = (reason: string, texts: readonly (string | number | undefined)[]): string =>
  texts
    .map((text) => String(text ?? ''))
    .filter((text) => text !== '')
    .sort((a, b) => b.length - a.length)
    .reduce((hidden, text) => hidden.replaceAll(text, maskText), reason);

/** What reading says of a line quotes it at the end, after `near`, or as a value. */
export const withoutText = ({ value: _, reason, ...fault }: Fault): Fault => ({
  ...fault,
  reason: reason.replace(/(?:,? near| at) ".*$/su, ''),
});

/** Adds the column that a target cannot know, and masks what the mapping calls sensitive, in the reason too. */
export function discreet(fault: EntryFault, entry: CompiledEntry, row: Row, sensitive: SensitiveColumns): EntryFault {
  const field = fault.field === undefined ? undefined : entry.fieldNamed(fault.field);
  const origin = field?.origin(row);
  const column = fault.column ?? origin?.column;
  const value = fault.value ?? origin?.value;
  const hidden = (field !== undefined && isHidden(field, sensitive)) || (column !== undefined && sensitive.has(column));
  const reason = hidden ? hushed(fault.reason, [value, ...leavesOf(field && madeOf(field, row))]) : fault.reason;
  const shown = value === undefined ? undefined : hidden && value !== '' ? maskText : shorten(value);
  return {
    stage: fault.stage,
    code: fault.code,
    reason,
    ...(column === undefined ? {} : { column }),
    ...(fault.field === undefined ? {} : { field: fault.field }),
    ...(shown === undefined ? {} : { value: shown }),
    ...(fault.row === undefined ? {} : { row: fault.row }),
  };
}
