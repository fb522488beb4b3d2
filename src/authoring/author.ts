/** From rows to the text of a mapping: the pure parts one after the other. */
import type { PlainRow } from '../input/parse.ts';
import { closest } from '../model/suggest.ts';
import type { FieldRule } from '../targets/target.ts';
import { authoringError } from './codes.ts';
import type { Draft } from './draft.ts';
import { type Evidence, inferColumn } from './infer.ts';
import { restyle } from './names.ts';
import { namesBeside, type Privacy, privacyOf } from './privacy.ts';
import { propose } from './propose.ts';
import { type ColumnSamples, columnSamples } from './sample.ts';

export interface Looking {
  readonly rows: readonly PlainRow[];
  /** Of a CSV file; undefined for NDJSON. */
  readonly header: readonly string[] | undefined;
}

export interface Looked {
  readonly columns: readonly Evidence[];
  readonly privacy: ReadonlyMap<string, Privacy>;
  readonly samples: ColumnSamples;
}

/** What each column is, and what is to be thought of before it leaves. */
export function look({ rows, header }: Looking): Looked {
  const samples = columnSamples(rows, header);
  const columns = samples.columns.map(inferColumn);
  const privacy = new Map<string, Privacy>();
  for (const [index, column] of columns.entries()) {
    const texts = (samples.columns[index]?.values ?? []).filter((value) => typeof value === 'string');
    const found = privacyOf(column, texts);
    if (found !== undefined) privacy.set(column.name, found);
  }
  for (const [name, found] of namesBeside(
    columns.map(({ name }) => name),
    privacy,
  ))
    privacy.set(name, found);
  return { columns, privacy, samples };
}

export interface Wanted {
  readonly target: string;
  readonly operation: string;
  readonly rules: readonly FieldRule[];
  readonly given: Readonly<Record<string, unknown>>;
  readonly key: string | undefined;
  /** Name of the source; its words become names where one is needed. */
  readonly file: string;
}

/** @throws UserError `init-key` */
export function draftFor({ columns, privacy, samples }: Looked, wanted: Wanted, isNdjson: boolean): Draft {
  const names = columns.map(({ name }) => name);
  const { key } = wanted;
  if (key !== undefined && !names.includes(key)) {
    throw authoringError('init-key', `The file has no column "${key}".`, columnHint(key, names));
  }
  const draft = propose({ ...wanted, columns, privacy, fileWord: fileWordOf(wanted.file), isNdjson });
  if (samples.unseen === 0) return draft;
  const more = { column: '…', why: `${samples.unseen} more keys: they look like data rather than names` };
  return { ...draft, leftOut: [...draft.leftOut, more] };
}

function columnHint(key: string, names: readonly string[]): string {
  const near = closest(key, names);
  return near === undefined ? `Its columns: ${names.slice(0, 12).join(', ')}.` : `Did you mean "${near}"?`;
}

/** `/data/crm-customers.2024.csv.gz` → `crmCustomers2024`. */
function fileWordOf(file: string): string {
  const base = file.replace(/^.*[\\/]/, '').replace(/\.(?:csv|tsv|txt|ndjson|jsonl|json)$/i, '');
  const word = restyle(base, 'camel');
  return word === '' ? 'rows' : word;
}
