/** What can be said of a single value, for all of this target's checks. */
import { type Fault, shorten } from '../../model/fault.ts';
import { isRawNumber, type Json } from '../../model/json.ts';
import { daysInMonth } from '../../time/calendar.ts';
import type { TargetCode } from '../codes.ts';

export function fault(code: TargetCode, reason: string, field: string, value?: Json): Fault {
  return { stage: 'map', code, reason, field, ...(value === undefined ? {} : { value: shorten(showValue(value)) }) };
}

export function showValue(value: unknown): string {
  if (typeof value === 'string') return value;
  return isRawNumber(value) ? value.rawJSON : (JSON.stringify(value) ?? '');
}

const calendarDate = /^(\d{4})-(\d\d)-(\d\d)$/;
/** The forms that the service's own error text lists (contract §6); a zone is obligatory. */
const dateTime =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-8]):[0-5]\d)$/;

export const isCalendarDate = (text: string): boolean => isRealDay(calendarDate.exec(text));

export const isDateTime = (text: string): boolean => isRealDay(dateTime.exec(text));

/** JavaScript's own dates let 31 February pass as 3 March; the platform does not. */
function isRealDay(match: RegExpExecArray | null): boolean {
  if (match === null) return false;
  const day = Number(match[3]);
  return day >= 1 && day <= daysInMonth(Number(match[1]), Number(match[2]));
}
