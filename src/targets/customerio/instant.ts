/**
 * Dates as Customer.io reads them: ISO 8601 with a zone, always sent as `YYYY-MM-DDTHH:mm:ss.sssZ` (contract §6). Numbers
 * are refused where a date-time is meant: epoch milliseconds would be read as seconds of the far future.
 */
import type { Json } from '../../model/json.ts';
import { isRawNumber } from '../../model/json.ts';
import type { Milliseconds } from '../../model/verdict.ts';
import { daysInMonth } from '../../time/calendar.ts';

const isoInstant = /^(\d{4})-(\d\d)-(\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d))?$/;
const canonicalLength = '2024-05-04T10:00:00.000Z'.length;
const wholeSecondsLength = '2024-05-04T10:00:00Z'.length;
const hourAt = '2024-05-04T'.length;

/**
 * Epoch milliseconds of an ISO 8601 date-time with a zone, or of a plain date (midnight UTC). NaN for anything else: a
 * time without a zone is another instant on another machine.
 */
export function epochMsOf(text: string): Milliseconds {
  const parts = isoInstant.exec(text);
  if (parts === null) return Number.NaN;
  // Date.parse lets 30 February pass as 1 March.
  const day = Number(parts[3]);
  if (day > 28 && day > daysInMonth(Number(parts[1]), Number(parts[2]))) return Number.NaN;
  return Date.parse(text);
}

/** As it is sent. Most texts have that form already, or lack the milliseconds: a Date takes ten times as long. Midnight may be spelled 24:00. */
export function instantText(epochMs: Milliseconds, text: string): string {
  if (text.endsWith('Z') && !text.startsWith('24', hourAt)) {
    if (text.length === canonicalLength) return text;
    if (text.length === wholeSecondsLength) return `${text.slice(0, -1)}.000Z`;
  }
  return new Date(epochMs).toISOString();
}

// 1973-03-03 in milliseconds, the year 5138 in seconds: no real date in seconds reaches it.
const leastMilliseconds = 100_000_000_000;
const allDigits = /^\d{12,16}$/;

/** Whether a value can only be meant as milliseconds since 1970. */
export function looksLikeEpochMs(value: Json): boolean {
  if (typeof value === 'number') return value >= leastMilliseconds && Number.isInteger(value);
  if (typeof value === 'string') return allDigits.test(value);
  return isRawNumber(value) && allDigits.test(value.rawJSON);
}
