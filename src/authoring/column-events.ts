/** What `init --json` says of each column. Names and meanings stay as they are; further ones may come. */
import type { Looked } from './author.ts';
import type { Draft } from './draft.ts';

export interface ColumnEvent {
  readonly event: 'column';
  readonly column: string;
  /** What it holds: `text`, `email`, `integer`, `number`, `boolean`, `date`, `datetime`, `list`, `json`, `empty`. */
  readonly holds: string;
  /** How it is read: format, locale, zone needed, separators and words, as the mapping's keys say them. */
  readonly as: Readonly<Record<string, unknown>>;
  /** Rows looked at, those of them without a value, and how many different values the others have. */
  readonly rows: number;
  readonly empty: number;
  readonly distinct: number;
  /** Values that are not what the others are. */
  readonly misfits: number;
  /** Of numbers and dates their values, of texts their lengths. Not of what is about a person. */
  readonly least?: string;
  readonly most?: string;
  readonly values?: readonly string[];
  readonly privacy?: 'personal' | 'secret';
  readonly why?: string;
  /** What only a person can decide. */
  readonly choose?: string;
  /** Output fields that it was mapped to; none when it was left out. */
  readonly fields: readonly string[];
}

export function columnEvents({ columns, privacy }: Looked, draft: Draft): ColumnEvent[] {
  const fields = Map.groupBy(draft.fields, ({ evidence }) => evidence?.name);
  return columns.map((column): ColumnEvent => {
    const { name, guess, rows, empty, distinct, misfits, least, most, values, why, choose } = column;
    const { kind, misfits: _misfits, ...as } = { misfits: 0, ...guess };
    const isAbout = privacy.get(name)?.kind;
    return {
      event: 'column',
      column: name,
      holds: kind,
      as,
      rows,
      empty,
      distinct,
      misfits,
      ...(isAbout === undefined
        ? {
            ...(least === undefined ? {} : { least }),
            ...(most === undefined ? {} : { most }),
            ...(values === undefined ? {} : { values }),
          }
        : { privacy: isAbout }),
      ...(why === undefined ? {} : { why }),
      ...(choose === undefined ? {} : { choose }),
      fields: (fields.get(name) ?? []).map((field) => field.name),
    };
  });
}
