/**
 * Makes fixtures/people.csv: what a CRM exports on a bad day. Quotes, commas, line breaks inside fields, CRLF and LF mixed,
 * Swedish, Japanese and emoji, ids with leading zeros and ids beyond 2^53, empty cells, people who come twice, and a few rows
 * that nobody should load. Always the same rows, so that tests can say which ones are bad and what the others become.
 *
 *     node scripts/make-people.ts [rows] > fixtures/people.csv
 */
import { createHash } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { seededRandom } from '../src/sandbox/faults.ts';

export const peopleHeader = [
  'customer_id',
  'email',
  'first_name',
  'last_name',
  'birth_date',
  'signup_at',
  'country',
  'tags',
  'level',
  'points',
  'balance',
  'newsletter',
  'mobile',
  'phone',
  'loyalty_card',
  'notes',
] as const;
type Column = (typeof peopleHeader)[number];
type Cells = Record<Column, string>;

/** One record of the file, and what must become of it. */
export interface Person {
  /** 1-based, the header not counted. */
  readonly record: number;
  /** 1-based line of its first character. */
  readonly line: number;
  /** With its line end. */
  readonly text: string;
  readonly fate:
    | { readonly kind: 'loaded'; readonly item: Readonly<Record<string, unknown>> }
    | { readonly kind: 'skipped' }
    | { readonly kind: 'rejected'; readonly why: string; readonly fields: readonly string[] };
}

const firstNames = [
  'Åsa',
  'Björn',
  'Ada',
  '太郎',
  '花子',
  'José',
  'Zoë',
  'Łukasz',
  'Anne-Marie',
  'Ann "Annie"',
  '🐢 Turtle',
  'Jose\u0301',
  'Gül',
];
const lastNames = [
  'Öberg',
  'Sjöström',
  "O'Brien",
  '山田',
  '佐藤',
  'Berg, af',
  'García Márquez',
  'Smith',
  'von "Blücher"',
  'Nguyễn',
  '',
];
const countries = ['SE', 'SE', 'SE', 'DK', 'NO', 'JP', 'DE'];
const tags = ['tea', 'maps', 'kläder', '本', '🎁', 'outlet & sale'];
const notes = [
  'Called twice.\nWants a call back.',
  'Said: "never again"',
  'First line\r\nsecond line\r\n\r\nfourth line',
  'コメント, with a comma',
  'ends with a backslash \\',
  '=1+1',
];
const yesAndNo: readonly [word: string, value: boolean][] = [
  ['yes', true],
  ['ja', true],
  ['TRUE', true],
  ['1', true],
  ['no', false],
  ['nej', false],
  ['0', false],
];
const tiers: Readonly<Record<string, string>> = { '1': 'gold', '2': 'silver', '3': 'bronze' };
/** Everyone whose record number is a multiple of this stands in the file for the second time, with other values. */
const repeatEvery = 480;
const repeatAfter = 100;

interface Spoiling {
  readonly why: string;
  /** Fields of the mapping that complain; none where the row cannot be read at all. */
  readonly fields: readonly string[];
  readonly cells?: Partial<Cells>;
  readonly text?: (line: string) => string;
}

/** Record number → what is done to a good row. */
const spoilt: ReadonlyMap<number, Spoiling> = new Map<number, Spoiling>([
  [17, { why: 'e-mail address without @', fields: ['Email'], cells: { email: 'ada.lovelace(at)example.com' } }],
  [101, { why: '31 February', fields: ['Birth'], cells: { birth_date: '31/02/1985' } }],
  [256, { why: 'one column too few', fields: [], text: (line) => line.slice(0, line.lastIndexOf(',')) }],
  [257, { why: 'one column too many', fields: [], text: (line) => `${line},more` }],
  [
    512,
    {
      why: 'a quote inside a field that is not quoted',
      fields: [],
      cells: { notes: '' },
      text: (line) => `${line}Karl "Kalle" Ek`,
    },
  ],
  [777, { why: 'text behind a closing quote', fields: [], cells: { notes: '' }, text: (line) => `${line}"Anna" Berg` }],
  [1024, { why: 'an integer above two billion', fields: ['Points'], cells: { points: '3000000000' } }],
  [1300, { why: 'a fraction where an integer belongs', fields: ['Points'], cells: { points: '12.5' } }],
  [1501, { why: 'no customer id', fields: ['CustomerId'], cells: { customer_id: '' } }],
  [1999, { why: '29 February of a year without one', fields: ['Joined'], cells: { signup_at: '2023-02-29 10:00:00' } }],
  [
    2222,
    {
      why: 'three faults in one row',
      fields: ['Email', 'Birth', 'Points'],
      cells: { email: 'nobody@', birth_date: '1985-02-03', points: 'many' },
    },
  ],
  [2390, { why: 'neither yes nor no', fields: ['Newsletter'], cells: { newsletter: 'maybe' } }],
]);

const isSkipped = (record: number) => record % 200 === 50;

/** The records of the file, one by one, for any number of them: the first ones are always the same. */
export function* makePeople(rows = 2400): Generator<Person> {
  const random = seededRandom(20_240_229);
  let line = 2;
  for (let record = 1; record <= rows; record++) {
    const { cells, item } = makePerson(record, random);
    const lineEnd = random() < 0.3 ? '\n' : '\r\n';
    const fault = spoilt.get(record);
    const shown: Cells = { ...cells, ...fault?.cells, ...(isSkipped(record) ? { country: '' } : {}) };
    const csv = peopleHeader.map((column) => quoted(shown[column])).join(',');
    const text = (fault?.text?.(csv) ?? csv) + lineEnd;
    yield { record, line, text, fate: fateOf(record, item) };
    line += text.split('\n').length - 1;
  }
}

function fateOf(record: number, item: Readonly<Record<string, unknown>>): Person['fate'] {
  const fault = spoilt.get(record);
  if (fault !== undefined) return { kind: 'rejected', why: fault.why, fields: fault.fields };
  return isSkipped(record) ? { kind: 'skipped' } : { kind: 'loaded', item };
}

const quoted = (cell: string) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** The cells, and by a way of its own (not through the loader) the record that Raptor must end up with. */
function makePerson(record: number, random: () => number): { cells: Cells; item: Record<string, unknown> } {
  const pick = <Value>(values: readonly [Value, ...Value[]] | readonly Value[]): Value => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new RangeError('nothing to pick from');
    return value;
  };
  const maybe = (share: number, make: () => string) => (random() < share ? make() : '');
  const digits = (count: number) => Array.from({ length: count }, () => Math.floor(random() * 10)).join('');
  const two = (number: number) => String(number).padStart(2, '0');

  const id = String((record % repeatEvery === 0 ? record - repeatAfter : record) * 37).padStart(7, '0');
  const address = `person.${record}@${pick(['example.com', 'exempel.se', 'mail.example.org'])}`;
  const email = random() < 0.9 ? pick([address, ` ${address.toUpperCase()} `, `P${address.slice(1)}`]) : '';
  const [first, last] = [pick(firstNames), pick(lastNames)];
  const [day, month, year] = [
    1 + Math.floor(random() * 28),
    1 + Math.floor(random() * 12),
    1935 + Math.floor(random() * 70),
  ];
  const hasBirth = random() < 0.7;
  const joined = new Date(
    Date.UTC(
      2010 + Math.floor(random() * 15),
      Math.floor(random() * 12),
      1 + Math.floor(random() * 28),
      6 + Math.floor(random() * 12),
      Math.floor(random() * 60),
    ),
  );
  const country = pick(countries);
  const tagged = tags.filter(() => random() < 0.25);
  const level = maybe(0.8, () => pick(['1', '2', '3', '9']));
  const points = maybe(0.9, () => String(Math.floor(random() * 50_000) - 100));
  const balance = maybe(0.8, () => `${Math.floor(random() * 10_000)},${two(Math.floor(random() * 100))}`);
  const newsletter = random() < 0.9 ? pick(yesAndNo) : undefined;
  const mobile = maybe(0.5, () => `070${digits(7)}`);
  const phone = maybe(0.5, () => `+46 8 ${digits(6)}`);
  const card = `9${digits(18)}`;
  const note = maybe(0.25, () => pick(notes));

  const cells: Cells = {
    customer_id: id,
    email,
    first_name: first,
    last_name: last,
    birth_date: hasBirth ? `${two(day)}/${two(month)}/${year}` : '',
    signup_at: stockholm.format(joined),
    country,
    tags: tagged.join(';'),
    level,
    points,
    balance,
    newsletter: newsletter?.[0] ?? '',
    mobile,
    phone,
    loyalty_card: card,
    notes: note,
  };
  const cleanEmail = email.trim().toLowerCase();
  const item = {
    CustomerId: id,
    Email: cleanEmail,
    EmailHash: cleanEmail === '' ? '' : createHash('sha256').update(cleanEmail).digest('hex'),
    FirstName: first,
    LastName: last,
    Name: `${first} ${last}`.trim(),
    Birth: hasBirth ? `${year}-${two(month)}-${two(day)}` : '',
    Joined: joined.toISOString().replace('.000Z', 'Z'),
    Country: country,
    Tags: tagged.length === 0 ? '' : tagged,
    Tier: tiers[level] ?? 'none',
    Points: points === '' ? '' : Number(points),
    Balance: balance === '' ? '' : Number(balance.replace(',', '.')),
    Newsletter: newsletter?.[1] ?? '',
    Phone: mobile === '' ? phone : mobile,
    LoyaltyCard: card,
    Notes: note,
    Source: 'crm',
  };
  // An empty cell is sent as null, and null leaves nothing behind.
  return { cells, item: Object.fromEntries(Object.entries(item).filter(([, value]) => value !== '')) };
}

/** Swedish dates are ISO dates with a space. */
const stockholm = new Intl.DateTimeFormat('sv-SE', {
  timeZone: 'Europe/Stockholm',
  dateStyle: 'short',
  timeStyle: 'medium',
});

/** What a platform must hold after the whole file was loaded in order: the last record of each person. By customer id. */
export function expectedPeople(rows?: number): Map<string, Readonly<Record<string, unknown>>> {
  const held = new Map<string, Readonly<Record<string, unknown>>>();
  for (const { fate } of makePeople(rows)) {
    if (fate.kind === 'loaded') held.set(String(fate.item['CustomerId']), fate.item);
  }
  return held;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(`${peopleHeader.join(',')}\r\n`);
  for (const { text } of makePeople(Number(process.argv[2] ?? 2400))) {
    if (!process.stdout.write(text)) await new Promise((resolve) => process.stdout.once('drain', resolve));
  }
}
