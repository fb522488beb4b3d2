/** Files that a command writes beside its work: readable by their owner only, because reports quote rows. */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { explanationOf } from '../codes.ts';
import type { InspectionOptions } from '../engine/inspection.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { sensitiveColumns } from '../mapping/sensitive-columns.ts';
import { type FaultReportParts, faultReport } from '../report/fault-report.ts';
import { faultReportHtml } from '../report/fault-report-html.ts';
import { commandError } from './codes.ts';

/** A page that is to be read, not a copy of the file: some rows for each reason, and no more than this in all. */
const reportedRows = { mostRows: 500, mostRowsEach: 50, mostCharacters: 32_000_000 } as const;

export interface FaultReportFile {
  readonly path: string;
  /** How many rows at fault it has room for. */
  readonly keeps: Pick<InspectionOptions, 'mostRows' | 'mostRowsEach' | 'mostCharacters'>;
  /** A page or JSON, by the name's ending. */
  write(
    found: Pick<FaultReportParts, 'summary' | 'type' | 'rows' | 'mask' | 'now'> & { readonly mapping: Mapping },
  ): void;
}

/**
 * Whether it can be written is found out now, not after an hour of reading.
 * @throws UserError `report-unwritable`
 */
export function beginReport(path: string): FaultReportFile {
  writeReport(path, '');
  return {
    path,
    keeps: reportedRows,
    write({ mapping, ...found }) {
      const report = faultReport({
        ...found,
        mapping: basename(mapping.file),
        key: mapping.key,
        sensitive: sensitiveColumns(mapping),
        explain: (code) => explanationOf(code)?.text,
      });
      writeReport(path, /\.html$/i.test(path) ? faultReportHtml(report) : `${JSON.stringify(report, null, 2)}\n`);
    },
  };
}

/** @throws UserError `report-unwritable` */
export function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    const says = error instanceof Error ? error.message : String(error);
    throw commandError('report-unwritable', `The report cannot be written to ${path}: ${says}`, {
      hint: 'Look at free space and permissions of its folder, or name another file',
      cause: error,
    });
  }
}
