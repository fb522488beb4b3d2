/** Ids are always sent as strings; empty and blank ones count as missing (contract §6). */
import { isRawNumber, type Json } from '../../model/json.ts';

const blank = /^\s*$/;

/** The id as text, '' when there is none, undefined when the value cannot be an id. */
export function idText(value: Json | undefined): string | undefined {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return blank.test(value) ? '' : value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return isRawNumber(value) ? value.rawJSON : undefined;
}
