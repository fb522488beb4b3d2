/**
 * Property: what is accepted arrives as it was meant. Random values are written into files by means of their own (luxon for dates, plain joins for
 * CSV), read through blocks of any size, mapped in this thread or in others, and found unchanged in the payload.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { createMapper, type Mapper } from '../../src/engine/mapper.ts';
import { openStream } from '../../src/input/source.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import type { JsonObject } from '../../src/model/json.ts';
import { parseToTheLetter } from '../../src/model/json.ts';
import { inPieces } from '../input/reading.ts';
import { root } from '../support/workdir.ts';

/** A value as both kinds of files write it, and as JSON text in the payload. */
interface Cell {
  readonly csv: string;
  readonly json: string;
  readonly sent: string;
}

interface Column {
  /** As the header has it. */
  readonly name: string;
  readonly style: JsonObject;
  readonly cells: fc.Arbitrary<Cell>;
}

const same = (text: string): Cell => ({ csv: text, json: JSON.stringify(text), sent: JSON.stringify(text) });
const piece = fc.constantFrom(
  '"',
  '""',
  ',',
  ';',
  '\t',
  '|',
  '\n',
  '\r',
  '\r\n',
  ' ',
  'é',
  '€',
  '😀',
  '\ufeff',
  '0',
  'a',
  "'",
  '\u2028',
);
const nasty = fc.array(piece, { minLength: 1, maxLength: 12 }).map((pieces) => pieces.join(''));
const text = fc.oneof(
  nasty,
  fc.string({ unit: 'grapheme', minLength: 1 }),
  fc.constantFrom('007', '1e5', 'null', '__proto__'),
);

const whole = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
const fraction = fc.stringMatching(/^\d{0,12}[1-9]$/);
/** Never a zero alone, whose sign nobody keeps; no zero at the end, which a number cannot keep. */
const decimal = fc.tuple(fc.boolean(), fc.bigInt({ min: 0n, max: 10n ** 15n }), fraction);
const grouped = (digits: string, separator: string) => digits.replace(/\B(?=(\d{3})+$)/g, separator);

const day = fc.date({ min: new Date('1800-01-01'), max: new Date('2200-01-01'), noInvalidDate: true });
const dayOf = (format: string, locale = 'en') =>
  day.map((date) => {
    const utc = DateTime.fromJSDate(date, { zone: 'utc' });
    const written = utc.setLocale(locale).toFormat(format);
    return { csv: written, json: JSON.stringify(written), sent: JSON.stringify(utc.toISODate()) };
  });
const momentIn = (zone: string, format: string) =>
  fc
    .date({ min: new Date('1950-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
    .map((date) => DateTime.fromMillis(Math.floor(date.getTime() / 1000) * 1000, { zone }))
    // The hour that comes twice cannot be told apart in any file.
    .filter((local) => local.getPossibleOffsets().length === 1)
    .map((local) => {
      const written = local.toFormat(format);
      const sent = local.toUTC().toISO({ suppressMilliseconds: true });
      return { csv: written, json: JSON.stringify(written), sent: JSON.stringify(sent) };
    });

const element = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((part) => !part.includes('|'));

const columns: readonly Column[] = [
  { name: 'plain', style: {}, cells: text.map(same) },
  { name: 'two\n"lines"; and, ünïcode', style: { type: 'string' }, cells: text.map(same) },
  { name: 'with.dots[0]', style: { sensitive: true }, cells: text.map(same) },
  {
    name: 'integer',
    style: { type: 'integer' },
    cells: whole.map((value) => ({ csv: String(value), json: String(value), sent: String(value) })),
  },
  {
    name: 'thousands',
    style: { type: 'integer', thousands: ' ' },
    cells: fc.bigInt({ min: 0n, max: 10n ** 20n }).map((value) => ({
      csv: grouped(String(value), ' '),
      json: String(value),
      sent: String(value),
    })),
  },
  {
    name: 'number',
    style: { type: 'number', decimal: ',', thousands: '.' },
    cells: decimal.map(([minus, before, behind]) => {
      const value = `${minus ? '-' : ''}${before}.${behind}`;
      return { csv: `${minus ? '-' : ''}${grouped(String(before), '.')},${behind}`, json: value, sent: value };
    }),
  },
  {
    name: 'decimal',
    style: { type: 'decimal' },
    cells: fc
      .tuple(decimal, fc.constantFrom('', '0', '00'))
      .map(([[minus, before, behind], zeros]) => same(`${minus ? '-' : ''}${before}.${behind}${zeros}`)),
  },
  {
    name: 'boolean',
    style: { type: 'boolean', trueWords: ['ja'], falseWords: ['nej'] },
    cells: fc.boolean().map((value) => ({ csv: value ? 'JA' : 'nej', json: String(value), sent: String(value) })),
  },
  { name: 'iso day', style: { type: 'date' }, cells: dayOf('yyyy-MM-dd') },
  { name: 'day', style: { type: 'date', format: 'd/M/yyyy' }, cells: dayOf('d/M/yyyy') },
  { name: 'jour', style: { type: 'date', format: 'd MMMM yyyy', locale: 'fr' }, cells: dayOf('d MMMM yyyy', 'fr') },
  {
    name: 'stockholm',
    style: { type: 'datetime', zone: 'Europe/Stockholm' },
    cells: momentIn('Europe/Stockholm', "yyyy-MM-dd'T'HH:mm:ss"),
  },
  {
    name: 'new york',
    style: { type: 'datetime', format: 'MM/dd/yyyy hh:mm:ss a', zone: 'America/New_York' },
    cells: momentIn('America/New_York', 'MM/dd/yyyy hh:mm:ss a'),
  },
  { name: 'offset', style: { type: 'datetime' }, cells: momentIn('Asia/Kathmandu', "yyyy-MM-dd'T'HH:mm:ssZZ") },
  {
    name: 'list',
    style: { type: 'list<string>', split: '|' },
    cells: fc.array(element, { minLength: 1, maxLength: 4 }).map((parts) => {
      const json = JSON.stringify(parts);
      return { csv: parts.join('|'), json, sent: json };
    }),
  },
  {
    name: 'integers',
    style: { type: 'list<integer>', split: ';' },
    cells: fc.array(whole, { minLength: 1, maxLength: 4 }).map((parts) => {
      const json = `[${parts.join(',')}]`;
      return { csv: parts.join(';'), json, sent: json };
    }),
  },
  {
    name: 'json',
    style: { type: 'json' },
    cells: fc.tuple(fc.jsonValue({ maxDepth: 3 }), whole).map(([value, long]) => {
      const json = `{"value":${JSON.stringify(value)},"long":${long}}`;
      return { csv: json, json, sent: JSON.stringify(parseToTheLetter(json)) };
    }),
  },
];

const empty: Cell = { csv: '', json: 'null', sent: '' };
const row = fc.tuple(
  ...columns.map(({ cells }) => fc.option(cells, { freq: 6, nil: undefined }).map((cell) => cell ?? empty)),
);
const rows = fc.array(row, { minLength: 1, maxLength: 6 });

/** The file, how it is to be read, and what may not matter: the size of blocks and of the pieces that a stream comes in. */
const writing = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  ending: fc.constantFrom('\n', '\r\n', '\r'),
  quotesAll: fc.boolean(),
  mark: fc.constantFrom('', '\ufeff'),
  endsLast: fc.boolean(),
  blockBytes: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 })),
  pieces: fc.integer({ min: 1, max: 700 }),
});
type Writing = typeof writing extends fc.Arbitrary<infer Value> ? Value : never;
type Rows = typeof rows extends fc.Arbitrary<infer Value> ? Value : never;

function csvText(list: Rows, { delimiter, ending, quotesAll, mark, endsLast }: Writing): string {
  const cell = (value: string) =>
    quotesAll || value.includes(delimiter) || /["\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const lines = [
    ['id', ...columns.map(({ name }) => name)],
    ...list.map((cells, index) => [`r${index}`, ...cells.map(({ csv }) => csv)]),
  ];
  const whole = lines.map((line) => line.map(cell).join(delimiter)).join(ending);
  return `${mark}${whole}${endsLast ? ending : ''}`;
}

function ndjsonText(list: Rows, { ending, mark, endsLast }: Writing): string {
  const lines = list.map(
    (cells, index) =>
      `{"id":"r${index}",${cells.map(({ json }, at) => `${JSON.stringify(columns[at]?.name)}:${json}`).join(',')}}`,
  );
  const between = ending === '\r' ? '\n' : ending;
  return `${mark}${lines.join(between)}${endsLast ? between : ''}`;
}

const mapping = parseMapping(
  JSON.stringify({
    version: 1,
    target: 'customerio',
    operation: 'identify',
    onEmpty: 'omit',
    fields: {
      userId: 'id',
      ...Object.fromEntries(columns.map(({ name, style }, index) => [`traits.c${index}`, { from: name, ...style }])),
    },
  }),
  'm.yaml',
);
const { settings } = resolveTarget(
  'cio',
  {
    ...loadConfig('fixtures/cdp-load.yaml', root),
    content: { targets: { cio: { type: 'customerio', region: 'eu', apiKey: 'k' } } },
  },
  {},
);
const open = (workers: number) => createMapper({ settings, mapping, now: 1_700_000_000_000 }, workers);

let files = 0;

/** Traits of each item as JSON text by their column; a row that is rejected is told with its reasons. */
async function mapped(mapper: Mapper, content: string, format: 'csv' | 'ndjson', how: Writing): Promise<unknown[]> {
  const options = {
    format,
    encoding: 'utf-8',
    blockBytes: how.blockBytes,
    ...(format === 'csv' ? { delimiter: how.delimiter } : {}),
  };
  const source = await openStream(inPieces(Buffer.from(content), how.pieces), 0, options, 'test.csv');
  const task = { index: files++, description: source.description, loadKey: 'k', settled: [] };
  const blocks = [];
  for await (const block of source.blocks()) blocks.push(mapper.map(task, block));
  return (await Promise.all(blocks)).flatMap(({ bytes, starts, ends, rejected }) => [
    ...rejected.map(({ faults }) => faults),
    ...[...starts].map((start, index) => {
      const item = parseToTheLetter(Buffer.from(bytes.subarray(start, ends[index])).toString('utf8')) as JsonObject;
      const traits = Object.entries((item['traits'] ?? {}) as JsonObject);
      return [item['userId'], ...traits.map(([name, value]) => `${name} ${JSON.stringify(value)}`)];
    }),
  ]);
}

const meant = (list: Rows): unknown[] =>
  list.map((cells, index) => [
    `r${index}`,
    ...cells.flatMap(({ sent }, at) => (sent === '' ? [] : [`c${at} ${sent}`])),
  ]);

const here = open(0);
const threads = open(2);
after(() => Promise.all([here.close(), threads.close()]));

for (const [format, write] of [
  ['csv', csvText],
  ['ndjson', ndjsonText],
] as const) {
  test(`${format}: every value arrives as it was meant, whatever the file is written like and wherever blocks end`, async () => {
    await fc.assert(
      fc.asyncProperty(rows, writing, async (list, how) => {
        assert.deepEqual(await mapped(here, write(list, how), format, how), meant(list));
      }),
      { numRuns: 300 },
    );
  });

  test(`${format}: from blocks of one byte upward, in this thread and in two others, the same rows give the same items`, async () => {
    await fc.assert(
      fc.asyncProperty(rows, writing, async (list, how) => {
        const content = write(list, how);
        const most = Buffer.byteLength(content);
        const sizes = [1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987].filter((size) => size < most);
        for (const blockBytes of [...sizes, most]) {
          const written = { ...how, blockBytes };
          assert.deepEqual(await mapped(here, content, format, written), meant(list), `blocks of ${blockBytes} bytes`);
          assert.deepEqual(await mapped(threads, content, format, written), meant(list), `${blockBytes}, in threads`);
        }
      }),
      { numRuns: 12 },
    );
  });
}
