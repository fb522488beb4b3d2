/** Files that a command writes beside its work: readable by their owner only, because reports quote rows. */
import { writeFileSync } from 'node:fs';
import { type FaultReportParts, faultReport } from '../report/fault-report.ts';
import { faultReportHtml } from '../report/fault-report-html.ts';
import { commandError } from './codes.ts';

/** A page that is to be read, not a copy of the file: some rows for each reason, and no more than this in all. */
export const reportedRows = { mostRows: 500, mostRowsEach: 50 } as const;

/** @throws UserError `report-unwritable` */
export function writeReport(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 });
  } catch (error) {
    throw commandError('report-unwritable', `The report cannot be written to ${path}.`, {
      hint: 'Check the folder and its rights.',
      cause: error,
    });
  }
}

/** A page or JSON, by the name's ending. */
export function writeFaultReport(path: string, parts: FaultReportParts): void {
  const report = faultReport(parts);
  writeReport(path, /\.html$/i.test(path) ? faultReportHtml(report) : `${JSON.stringify(report, null, 2)}\n`);
}
