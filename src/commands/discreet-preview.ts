/** What a preview must not show: the cells that the mapping calls sensitive, and what its fields make of them. */
import { compiler } from '../engine/block-mapping.ts';
import type { Prepared } from '../engine/prepare.ts';
import type { Quoter } from '../engine/quote.ts';
import type { Row } from '../mapping/compile.ts';
import { discreetSource, sensitiveColumns } from '../mapping/sensitive-columns.ts';
import type { MappedBlock, RowRejection } from '../model/block.ts';
import { isJsonObject, parseKeepingDigits } from '../model/json.ts';

export interface Discretion {
  /** A row as it may be shown. */
  readonly source: (source: RowRejection['source']) => RowRejection['source'];
  /** Values that must not be shown, each as its JSON text. */
  readonly values: ReadonlySet<string>;
}

export function discretionOf(prepared: Prepared, blocks: readonly MappedBlock[], quote: Quoter): Discretion {
  const { mapping, files, resolved } = prepared;
  const sensitive = sensitiveColumns(mapping);
  const values = new Set<string>();
  const source = (given: RowRejection['source']) => discreetSource(given, sensitive);
  const [file] = files;
  if (!sensitive.any || file === undefined) return { source, values };
  const compiled = compiler(mapping, resolved.target, resolved.type)(file.description);
  const header = file.description.csv?.header;
  for (const mapped of blocks) {
    for (const [item, first] of mapped.firstRow.entries()) {
      const rows: Row[] = [];
      for (let row = first; row <= (mapped.lastRow[item] ?? first); row++) rows.push(rowOf(quote(mapped, row), header));
      for (const value of compiled.sensitiveValues(rows)) values.add(value);
    }
  }
  return { source, values };
}

function rowOf({ source }: Pick<RowRejection, 'source'>, header: readonly string[] | undefined): Row {
  const row = parseKeepingDigits(source.text);
  if (!isJsonObject(row)) return {};
  return header === undefined ? row : header.map((column) => String(row[column] ?? ''));
}
