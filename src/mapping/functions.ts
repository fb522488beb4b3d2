/**
 * What expressions have beside CEL's own functions. Each takes time and room in proportion to what it is given: an
 * expression comes from a file, and must not be able to stop a load.
 */
import { hash } from 'node:crypto';
import type { Environment } from '@marcbachmann/cel-js';
import { type LinearPattern, linearPattern } from '../model/linear-pattern.ts';
import { newWallTime, setWall } from '../time/calendar.ts';
import { parsePattern, patternWriter } from '../time/pattern.ts';
import { zoneNamed } from '../time/zones.ts';
import { datetimeFrom } from './dates.ts';
import { hashes } from './hashes.ts';
import { Refusal } from './refusal.ts';
import type { LongField } from './schema.ts';

/** Longest text that an expression may make. */
export const longestResult = 16 * 1024 * 1024;

const longestMatched = 1_000_000;
const mostKept = 200;

interface ExtraFunction {
  readonly signature: string;
  readonly about: string;
  readonly handler: (...args: never[]) => unknown;
}

/** The name under which `text.matches(pattern)` is called; CEL's own one backtracks. */
export const linearMatches = 'matchesInLinearTime';

/** For the documentation and for {@link addFunctions}. */
export const extraFunctions: readonly ExtraFunction[] = [
  { signature: 'lower(string): string', about: 'To lower case.', handler: (text: string) => text.toLowerCase() },
  { signature: 'upper(string): string', about: 'To upper case.', handler: (text: string) => text.toUpperCase() },
  {
    signature: 'capitalize(string): string',
    about: 'The first letter of each word to upper case, the others to lower case.',
    handler: (text: string) =>
      text.toLowerCase().replace(/(?<![\p{L}\p{N}'’])\p{L}/gu, (letter) => letter.toUpperCase()),
  },
  {
    signature: 'squeeze(string): string',
    about: 'White space off both ends, and each stretch of it inside to one space.',
    handler: (text: string) => text.trim().split(/\s+/).join(' '),
  },
  {
    signature: 'digits(string): string',
    about: 'Only the digits 0 to 9.',
    handler: (text: string) => text.replace(/[^0-9]/g, ''),
  },
  {
    signature: 'replace(string, string, string): string',
    about: 'replace(text, old, new): every old by new.',
    handler: replaceAll,
  },
  {
    signature: 'padStart(string, int, string): string',
    about: 'padStart(text, width, "0"): filled up on the left to the width.',
    handler: (text: string, width: bigint, fill: string) => text.padStart(bounded(width), fill),
  },
  {
    signature: 'firstOf(list<string>): string',
    about: 'The first that is not empty, or "".',
    handler: (list: readonly string[]) => list.find((text) => text !== '') ?? '',
  },
  {
    signature: 'compact(list<string>): list<string>',
    about: 'Without the empty ones.',
    handler: (list: readonly string[]) => list.filter((text) => text !== ''),
  },
  {
    signature: 'distinct(list): list',
    about: 'Each value once, in order.',
    handler: (list: readonly unknown[]) => [...new Set(list)],
  },
  {
    signature: 'sorted(list<string>): list<string>',
    about: 'In the order of their characters.',
    handler: (list: readonly string[]) => [...list].sort(),
  },
  {
    signature: 'sum(list): dyn',
    about: 'Of numbers. What is written with few digits sums up to what it would on paper: 0.1 and 0.2 are 0.3.',
    handler: sum,
  },
  {
    signature: 'parseDate(string, string, string): google.protobuf.Timestamp',
    about: 'parseDate(text, "dd/MM/yyyy HH:mm", "Europe/Stockholm"): patterns as in format.',
    handler: parseDate,
  },
  {
    signature: 'formatDate(google.protobuf.Timestamp, string, string): string',
    about: 'formatDate(moment, "yyyy-MM-dd", "Europe/Stockholm"): patterns as in as.',
    handler: formatDate,
  },
  ...hashes.map((algorithm) => ({
    signature: `${algorithm}(string): string`,
    about: `The ${algorithm} hash of the text, in hexadecimal.`,
    handler: (text: string) => {
      if (!text.isWellFormed()) throw new Error('the text holds half of a character');
      return hash(algorithm, text);
    },
  })),
];

export function addFunctions(environment: Environment): void {
  for (const { signature, handler } of extraFunctions) {
    environment.registerFunction(signature, handler as (...args: unknown[]) => unknown);
  }
  environment.registerFunction(`string.${linearMatches}(string): bool`, matches);
  // CEL wants equal types on both sides; in a mapping `int(quantity) * 1.25` has one meaning only.
  environment.registerOperator('int + double', (a: bigint, b: number) => Number(a) + b);
  environment.registerOperator('double + int', (a: number, b: bigint) => a + Number(b));
  environment.registerOperator('int - double', (a: bigint, b: number) => Number(a) - b);
  environment.registerOperator('double - int', (a: number, b: bigint) => a - Number(b));
  environment.registerOperator('int * double', (a: bigint, b: number) => Number(a) * b);
  environment.registerOperator('double * int', (a: number, b: bigint) => a * Number(b));
  environment.registerOperator('int / double', (a: bigint, b: number) => Number(a) / b);
  environment.registerOperator('double / int', (a: number, b: bigint) => a / Number(b));
}

function replaceAll(text: string, old: string, by: string): string {
  if (old === '') throw new Error('replace: nothing to look for');
  if ((text.length / old.length) * by.length > longestResult) throw new Error('replace: the result would be too long');
  return text.replaceAll(old, () => by);
}

/** Whole numbers stay whole; others are added as the decimals that they are written as. */
function sum(list: readonly unknown[]): bigint | number {
  let whole = 0n;
  let scaled = 0n;
  let places = 0;
  let isWhole = true;
  for (const value of list) {
    if (typeof value === 'bigint') {
      whole += value;
      continue;
    }
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new Error('sum: not a number; say int(…) or double(…)');
    isWhole = false;
    const [digits = '0', exponent = '0'] = String(value).split('e');
    const [before = '0', after = ''] = digits.split('.');
    const shift = after.length - Number(exponent);
    const decimal = BigInt(before + after) * 10n ** BigInt(Math.max(0, -shift));
    const wanted = Math.max(places, shift);
    scaled = scaled * 10n ** BigInt(wanted - places) + decimal * 10n ** BigInt(wanted - Math.max(0, shift));
    places = wanted;
  }
  if (isWhole) return whole;
  return Number(`${scaled + whole * 10n ** BigInt(places)}e-${places}`);
}

const widest = 10_000n;
const bounded = (width: bigint): number => Number(width > widest ? widest : width);

const patterns = new Map<string, LinearPattern>();

export const keptPattern = (source: string): LinearPattern => keep(patterns, source, () => linearPattern(source));

function matches(text: string, source: string): boolean {
  if (text.length > longestMatched) throw new Error('matches: the text is too long');
  return keptPattern(source).test(text);
}

function keep<Value>(kept: Map<string, Value>, key: string, make: () => Value): Value {
  let value = kept.get(key);
  if (value === undefined) {
    if (kept.size >= mostKept) kept.clear();
    value = make();
    kept.set(key, value);
  }
  return value;
}

const readers = new Map<string, (text: string) => unknown>();
const writers = new Map<string, (moment: Date) => string>();

const complain = (_: keyof LongField, text: string): never => {
  throw new Error(text);
};

function parseDate(text: string, format: string, zone: string): Date {
  const read = keep(readers, `${format}\n${zone}`, () => datetimeFrom({ format, zone, as: 'x' }, complain));
  const moment = read(text);
  if (moment instanceof Refusal) throw new Error(moment.reason);
  return new Date(Number(moment));
}

function formatDate(moment: Date, format: string, zoneName: string): string {
  const write = keep(writers, `${format}\n${zoneName}`, () => {
    const pattern = parsePattern(format);
    if (typeof pattern === 'string') throw new Error(pattern);
    const zone = zoneNamed(zoneName);
    if (zone === undefined) throw new Error(`there is no zone "${zoneName}"`);
    const inPattern = patternWriter(pattern, zone.name, undefined);
    const wall = newWallTime();
    return (date: Date) => {
      const offset = zone.offsetAt(date.getTime());
      setWall(wall, date.getTime() + offset);
      return inPattern(wall, offset);
    };
  });
  return write(moment);
}
