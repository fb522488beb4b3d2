/** The mapping file's format (docs: "The mapping"). What zod checks here, editors check by the JSON Schema made of it. */
import * as z from 'zod';
import type { EmptyPolicy } from '../targets/target.ts';
import type { Path } from './complaint.ts';
import { hashes } from './hashes.ts';

export const scalarTypes = [
  'string',
  'integer',
  'number',
  'decimal',
  'boolean',
  'date',
  'datetime',
  'email',
  'enum',
  'json',
] as const;
export type ScalarType = (typeof scalarTypes)[number];

const listTypes = [
  'list',
  'list<string>',
  'list<integer>',
  'list<number>',
  'list<decimal>',
  'list<boolean>',
  'list<date>',
  'list<datetime>',
  'list<email>',
  'list<enum>',
  'list<json>',
] as const;

const someJson = z.json();
const words = z.array(z.string()).min(1);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
export const valueMap = z.record(z.string(), scalar);
const onEmpty = z
  .enum(['omit', 'null', 'keep', 'reject'] satisfies EmptyPolicy[])
  .describe('What to do with an empty cell: leave the field out, send null, send it as it is, or reject the row.');

const plainField = z.strictObject({
  from: z
    .union([z.string(), words])
    .optional()
    .describe('Source column, or several: the first that is not empty. NDJSON: a path such as address.lines[0].'),
  const: someJson.optional().describe('The same value for every row.'),
  expr: z.string().optional().describe('A CEL expression over the columns. Other names: row["Full Name"].'),
  type: z
    .enum([...scalarTypes, ...listTypes])
    .optional()
    .describe('What the value is. Without it CSV gives text and NDJSON what the line holds.'),
  format: z.string().min(1).optional().describe('How dates are written in the source: dd/MM/yyyy, X for Unix seconds.'),
  zone: z.string().min(1).optional().describe('Zone of times that name none: Europe/Stockholm, UTC, +02:00.'),
  ambiguous: z
    .enum(['earlier', 'later', 'reject'])
    .optional()
    .describe('Which moment is meant when clocks are put back and a time comes twice. Default: earlier.'),
  twoDigitYearsFrom: z
    .int()
    .min(1)
    .max(9900)
    .optional()
    .describe('First of the hundred years that a two-digit year stands for: 1930 means 1930 to 2029.'),
  locale: z.string().min(1).optional().describe('Language of month and day names in format: sv, en-US.'),
  as: z
    .string()
    .min(1)
    .optional()
    .describe('How dates are written in the payload. Default: yyyy-MM-dd, or ISO in UTC.'),
  asZone: z.string().min(1).optional().describe('Zone in which times are written in the payload. Default: UTC.'),
  trim: z.boolean().optional().describe('Take white space off both ends.'),
  lower: z.boolean().optional().describe('To lower case.'),
  upper: z.boolean().optional().describe('To upper case.'),
  split: z.string().min(1).optional().describe('Cut the text at this separator into a list. Empty parts are left out.'),
  lookup: z
    .strictObject({
      file: z.string().min(1).describe('CSV or NDJSON, UTF-8. The path begins at the mapping.'),
      key: z.string().describe('Its column that holds what stands in the source.'),
      value: z.string().describe('Its column whose value is taken instead.'),
      delimiter: z
        .string()
        .regex(/^[^"\r\n\0\u0080-\uffff]$/, 'expected one ASCII character, and no quote')
        .optional(),
    })
    .optional()
    .describe('Find the value in a second file, which is held in memory. Not found: default, or rejected.'),
  transform: z
    .string()
    .min(1)
    .optional()
    .describe('A function of a local module, (value, row) => value, applied before all else but trim: tidy.ts#phone.'),
  map: z
    .union([z.string().min(1), valueMap])
    .optional()
    .describe('Source value to value sent, or a YAML or JSON file of them. Others: default, or rejected.'),
  default: someJson.optional().describe('Sent when the cell is empty, or not in map.'),
  hash: z.enum(hashes).optional().describe('Send the hash of the text, in hexadecimal.'),
  required: z.boolean().optional().describe('Reject the row when the value is empty.'),
  onEmpty: onEmpty.optional(),
  sensitive: z.boolean().optional().describe('Never show this value in messages and reports.'),
  values: words.optional().describe('What an enum may be.'),
  decimal: z.string().length(1).optional().describe('Decimal separator. Default: a full stop.'),
  thousands: z
    .string()
    .length(1)
    .optional()
    .describe('Separator between groups of three digits. Default: none allowed.'),
  trueWords: words.optional().describe('Words for true, any case. Default: true.'),
  falseWords: words.optional().describe('Words for false, any case. Default: false.'),
  emptyWords: words.optional().describe('Words that mean an empty cell: NULL, N/A.'),
});

const rowField = z.union([z.string().min(1).describe('Source column.'), plainField]);

export const longField = plainField.extend({
  each: z
    .strictObject({
      where: z.string().min(1).optional().describe('CEL. Rows for which it is false add nothing.'),
      fields: z.record(z.string(), rowField).optional().describe('The fields of each element, an object.'),
      value: rowField.optional().describe('Each element, where it is no object.'),
    })
    .optional()
    .describe('With group: a list with one element for each row of the group.'),
});
export type LongField = z.infer<typeof longField>;
/** What is left of a field's keys when those that give values are taken away: how it converts. */
export type FieldStyle = Omit<LongField, 'from' | 'const' | 'default' | 'map' | 'each'>;

const field = z.union([z.string().min(1).describe('Source column.'), longField]);
const fields = z.record(z.string(), field).describe('Field of the payload (dots nest) to where its value comes from.');
const settings = z.record(z.string(), someJson).describe('What the operation needs and is the same for every row.');
const condition = (about: string) => z.string().min(1).describe(about);

const lastWins = z
  .boolean()
  .describe(
    'Of rows of one key that stand near each other, send only the last where it overwrites the others. Counted.',
  );

const entry = z.strictObject({
  operation: z.string().min(1).describe('What the item does at the target.'),
  when: condition('CEL. No item of this kind for rows for which it is false.').optional(),
  settings: settings.optional(),
  onEmpty: onEmpty.optional(),
  lastWins: lastWins.optional(),
  fields,
});

const item = z.record(z.string(), someJson);
const test = z.strictObject({
  name: z.string().optional().describe('Shown when the test fails.'),
  row: item.optional().describe('Columns and their values. Columns left out are empty.'),
  rows: z.array(item).min(1).optional().describe('With group: the rows of one group, in place of row.'),
  input: z.enum(['csv', 'ndjson']).optional().describe('Default: ndjson when a value is a list or an object.'),
  gives: z
    .union([item, z.array(z.union([item, z.null()]))])
    .optional()
    .describe('The item; with items: a list of them.'),
  rejects: z.array(z.string()).optional().describe('The fields at fault, all of them.'),
  skips: z.literal(true).optional().describe('The row is left out by where.'),
});

/** Rows of one group, unless the mapping says otherwise: a group is held in memory and travels as one item. */
const mostGroupRows = 1000;

const by = z.union([z.string().min(1), words]);
export const groupSchema = z.strictObject({
  by: by.describe('Column or columns: adjacent rows in which they are the same are one group.'),
  most: z
    .int()
    .min(1)
    .max(100_000)
    .default(mostGroupRows)
    .describe(`Rows in a group, at most. Larger groups are rejected. Default: ${mostGroupRows}.`),
});

const moduleFunction = z.string().min(1);
export const rowTransform = z.strictObject({
  function: moduleFunction.describe('A function of a local module, (row) => row: tidy.ts#row.'),
  adds: words.optional().describe('Columns that the function adds to those of a CSV file.'),
});

export const mappingSchema = z.strictObject({
  $schema: z.string().optional().describe('Of an editor: where the JSON Schema of mappings is. Not read.'),
  extends: z
    .union([z.string().min(1), words])
    .optional()
    .describe('Another mapping to begin with, or several. The path begins at this file.'),
  version: z.literal(1).describe('Of this format.'),
  target: z.string().min(1).describe('Target type, as `cdp-load targets` lists them.'),
  operation: entry.shape.operation.optional(),
  settings: settings.optional(),
  key: z
    .union([z.string().min(1), words])
    .optional()
    .describe('Source column or columns that say whom a row is about. Lanes, ids and reports use it.'),
  group: z
    .union([by, groupSchema])
    .optional()
    .describe('Adjacent rows with the same value here become one item: the lines of an order, one order.'),
  transform: z
    .union([moduleFunction, rowTransform])
    .optional()
    .describe('A function of a local module, (row) => row, applied before where and fields; null leaves the row out.'),
  where: condition('CEL. Rows for which it is false are skipped, and counted.').optional(),
  onEmpty: onEmpty.optional(),
  lastWins: lastWins.optional(),
  fields: fields.optional(),
  items: z
    .array(entry)
    .min(1)
    .max(100)
    .optional()
    .describe('One row into several items, in place of operation and fields.'),
  tests: z.array(test).optional().describe('Rows and what must become of them, for `cdp-load test`.'),
  fragments: z.unknown().optional().describe('Room for YAML anchors. Not read.'),
});
export type MappingFile = z.infer<typeof mappingSchema>;
export type MappingTest = z.infer<typeof test>;

export const mappingShapes = {
  mapping: Object.keys(mappingSchema.shape),
  entry: Object.keys(entry.shape),
  field: Object.keys(longField.shape),
  each: Object.keys(longField.shape.each.unwrap().shape),
  group: Object.keys(groupSchema.shape),
  transform: Object.keys(rowTransform.shape),
  lookup: Object.keys(longField.shape.lookup.unwrap().shape),
  test: Object.keys(test.shape),
};

/** What may stand in the map at a path of a mapping, for "did you mean". */
export function knownKeys(path: Path): readonly string[] {
  if (path.length === 0) return mappingShapes.mapping;
  if (path[0] === 'group') return mappingShapes.group;
  if (path[0] === 'transform') return mappingShapes.transform;
  if (path.at(-2) === 'fields' || path.at(-2) === 'each') return mappingShapes.field;
  if (path.at(-1) === 'each') return mappingShapes.each;
  if (path.at(-1) === 'lookup') return mappingShapes.lookup;
  if (path[0] === 'items') return mappingShapes.entry;
  return path[0] === 'tests' ? mappingShapes.test : [];
}

/** The mapping's JSON Schema, for editors (`cdp-load schema mapping`). */
export const mappingJsonSchema = (): Record<string, unknown> => ({
  title: 'cdp-load mapping',
  ...z.toJSONSchema(mappingSchema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      // The reader takes an unquoted null for the word; an editor should not complain of it.
      if (zodSchema === onEmpty) {
        jsonSchema.enum = [...(jsonSchema.enum ?? []), null];
        delete jsonSchema.type;
      }
    },
  }),
});
