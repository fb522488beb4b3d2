// The input of the benchmarks: 15 columns, about 157 bytes a row, the same on every machine.
import { once } from 'node:events';
import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';

const header =
  'customer_id,email,first_name,last_name,phone,street,city,postal_code,country,birth_date,signup_at,points,newsletter,tags,level';

const csvRow = (n: number): string =>
  `${n},person${n}@example.com,Firstname${n % 997},Lastname${n % 1009},+4670${1_000_000 + (n % 8_999_999)},Street ${n % 311},City${n % 503},${10_000 + (n % 89_999)},SE,19${50 + (n % 50)}-0${1 + (n % 9)}-1${n % 10},2024-0${1 + (n % 9)}-1${n % 10}T08:30:00Z,${n % 5000},${n % 2 === 0},a;b,${n % 3}`;

const names = header.split(',');
const objectOf = (n: number) =>
  Object.fromEntries(
    csvRow(n)
      .split(',')
      .map((value, index) => [names[index], value]),
  );

/** Adjacent rows of one person in a grouped file, which differ in their points. */
export const rowsAPerson = 3;

function groupedRow(n: number): string {
  const cells = csvRow(Math.ceil(n / rowsAPerson)).split(',');
  cells[names.indexOf('points')] = String(n % 5000);
  return cells.join(',');
}

/**
 * Rows of the same people: as CSV without quotes, as CSV with quotes around each value, as NDJSON; as NDJSON whose lines must be parsed, as CSV
 * of which several rows make one item.
 */
const forms = {
  csv: { ending: 'csv', header, row: csvRow },
  quoted: { ending: 'quoted.csv', header, row: (n: number) => `"${csvRow(n).replaceAll(',', '","')}"` },
  ndjson: { ending: 'ndjson', header: undefined, row: (n: number) => JSON.stringify(objectOf(n)) },
  nested: {
    ending: 'nested.ndjson',
    header: undefined,
    row: (n: number) => JSON.stringify({ ...objectOf(n), seen: { pages: [n % 7, n % 11], by: 'a\nb' } }),
  },
  grouped: { ending: 'grouped.csv', header, row: groupedRow },
} as const;
export type Form = keyof typeof forms;

/** Makes the file unless it is there. */
export async function makeFile(directory: string, form: Form, rows: number): Promise<string> {
  const { ending, header, row } = forms[form];
  const path = join(directory, `people-${rows}.${ending}`);
  if (existsSync(path)) return path;
  const out = createWriteStream(`${path}.part`);
  if (header !== undefined) out.write(`${header}\n`);
  for (let from = 1; from <= rows; from += 5000) {
    let text = '';
    for (let n = from; n < Math.min(from + 5000, rows + 1); n++) text += `${row(n)}\n`;
    if (!out.write(text)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  renameSync(`${path}.part`, path);
  return path;
}

/** Every column, typed as a person would type it. */
export const benchMapping = `version: 1
target: raptor
operation: person
key: customer_id
onEmpty: reject
fields:
  CustomerId: { from: customer_id, type: integer, required: true }
  Email: { from: email, type: email, trim: true, lower: true, required: true }
  FirstName: first_name
  LastName: last_name
  Phone: phone
  Street: street
  City: city
  PostalCode: postal_code
  Country: country
  Birth: { from: birth_date, type: date }
  Joined: { from: signup_at, type: datetime }
  Points: { from: points, type: integer }
  Newsletter: { from: newsletter, type: boolean }
  Tags: { from: tags, split: ";" }
  Level: level
`;

/** The same with the rows of a person as one item. */
export const groupedMapping = replacing(benchMapping, [
  ['fields:', 'group: customer_id\nfields:'],
  ['{ from: points, type: integer }', '{ each: { value: { from: points, type: integer } } }'],
]);

/** The same of every second person. */
export const filteredMapping = replacing(benchMapping, [['fields:', `where: 'newsletter == "true"'\nfields:`]]);

function replacing(text: string, pairs: readonly (readonly [string, string])[]): string {
  return pairs.reduce((made, [old, other]) => {
    if (!made.includes(old)) throw new Error(`the mapping has no ${old}`);
    return made.replace(old, other);
  }, text);
}
