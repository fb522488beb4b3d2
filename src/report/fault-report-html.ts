/** The fault report as one page: no scripts, nothing loaded from anywhere, everything escaped. */
import type { Fault } from '../model/fault.ts';
import { estimateText, repeatedKeysText } from './estimate-text.ts';
import { type FaultReport, type ReportedReason, type ReportedRow, rootColumn } from './fault-report.ts';
import { style } from './fault-report-style.ts';
import { bytesText, count, plural, printable } from './printable.ts';

/** A table wider than this hides what it is about: the columns at fault are always among those shown. */
const mostColumns = 24;
const mostRowsEach = 50;

/** What stands in a file can neither end a tag nor steer a terminal or a reader's eye. */
export const escapeHtml = (text: string): string =>
  printable(text)
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');

/** Our own texts mark what is typed with backticks. */
const withCode = (text: string): string => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');

export function faultReportHtml(report: FaultReport): string {
  const title = titleOf(report);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>${escapeHtml(title)}</h1>
<p class="quiet">Checked on ${escapeHtml(report.made.slice(0, 16).replace('T', ' '))} UTC for ${escapeHtml(destination(report))}, mapping ${escapeHtml(report.mapping)}. Nothing was sent.</p>
</header>
${tiles(report)}
${facts(report)}
${overview(report)}
${report.reasons.map((reason, index) => section(reason, index, report)).join('\n')}
<footer class="quiet">Written by cdp-load. This page holds rows of the file: treat it as you treat the file.</footer>
</body>
</html>
`;
}

function titleOf({ files, rejected, read }: FaultReport): string {
  const names = files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
  if (rejected === 0) return `${names}: all ${plural(read, 'row')} are good`;
  return `${names}: ${count(rejected)} of ${plural(read, 'row')} would be rejected`;
}

const destination = ({ target, type }: FaultReport) => (target === type ? target : `${target} (${type})`);

function tiles({ read, accepted, rejected, skipped }: FaultReport): string {
  const tile = (name: string, value: number, kind = '') =>
    `<div class="tile ${kind}"><b>${count(value)}</b><span>${name}</span></div>`;
  return `<div class="tiles">${tile('rows read', read)}${tile('good', accepted, 'good')}${tile('rejected', rejected, rejected > 0 ? 'bad' : '')}${tile('left out by the mapping', skipped)}</div>`;
}

function facts({ complete, requests, bytes, estimate, repeatedKeys, warnings }: FaultReport): string {
  const items: string[] = [];
  if (!complete) items.push('The check ended before the end of the input: the numbers are of the rows that were read.');
  if (estimate !== undefined) {
    items.push(
      `The good rows would go out in ${plural(requests, 'request')} (${bytesText(bytes)}). ${estimateText(estimate)}`,
    );
  }
  if (repeatedKeys !== undefined) items.push(repeatedKeysText(repeatedKeys));
  for (const { code, text, count: times, first } of warnings)
    items.push(`Warning, ${count(times)} × ${code}: ${text} (first at ${first})`);
  return `<ul class="facts">${items.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;
}

function overview({ reasons }: FaultReport): string {
  if (reasons.length === 0) return '';
  const rows = reasons.map(
    ({ count: times, column, code, reason, first }, index) =>
      `<tr><td class="number">${count(times)}</td><td>${escapeHtml(column ?? '')}</td><td><a href="#r${index}">${escapeHtml(code)}</a></td><td>${escapeHtml(reason)}</td><td>${escapeHtml(first)}</td></tr>`,
  );
  return `<h2>Why</h2>
<div class="wide"><table><thead><tr><th>Rows</th><th>Column</th><th>Code</th><th>For example</th><th>First at</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>`;
}

function section(reason: ReportedReason, index: number, { rows, files }: FaultReport): string {
  const isMeant = (fault: Fault) => fault.code === reason.code && (fault.column ?? fault.field) === reason.column;
  const all = rows.filter(({ faults }) => faults.some(isMeant));
  const shown = all.slice(0, mostRowsEach);
  const heading = reason.column === undefined ? reason.code : `${reason.column}: ${reason.code}`;
  const left = reason.count - shown.length;
  const more = left > 0 ? `<p class="quiet">… and ${plural(left, 'more row')} with this fault.</p>` : '';
  return `<section id="r${index}">
<h2>${escapeHtml(heading)} <span class="quiet">${plural(reason.count, 'row')}</span></h2>
${reason.explanation === undefined ? '' : `<p>${withCode(reason.explanation)}</p>`}
${shown.length === 0 ? '' : table(shown, isMeant, files.length > 1)}${more}
</section>`;
}

function table(rows: readonly ReportedRow[], isMeant: (fault: Fault) => boolean, namesFiles: boolean): string {
  const columns = columnsOf(rows);
  const all = new Set(rows.flatMap(({ cells }) => Object.keys(cells ?? {})));
  const hidden = all.size - columns.length;
  const named = columns.map((column) => `<th>${escapeHtml(column)}</th>`).join('');
  const heads = columns.length === 0 ? '<th>The row as it stands</th>' : named;
  const rest = hidden > 0 ? `<th class="quiet">${plural(hidden, 'more column')}</th>` : '';
  const body = rows.map((row) => {
    const place = namesFiles ? `${row.file}:${row.line}` : String(row.line);
    const why = row.faults.map((fault) => {
      const text = `${fault.column ?? fault.field ?? ''}: ${fault.reason}`.replace(/^: /, '');
      return isMeant(fault) ? `<b>${escapeHtml(text)}</b>` : `<span class="quiet">${escapeHtml(text)}</span>`;
    });
    const cells =
      row.cells === undefined
        ? `<td class="at" colspan="${Math.max(1, columns.length + (hidden > 0 ? 1 : 0))}">${escapeHtml(row.text ?? '')}</td>`
        : columns.map((column) => cell(row, column, isMeant)).join('') + (hidden > 0 ? '<td></td>' : '');
    return `<tr><td class="number">${escapeHtml(place)}</td><td class="why">${why.join('<br>')}</td>${cells}</tr>`;
  });
  return `<div class="wide"><table><thead><tr><th>${namesFiles ? 'File and line' : 'Line'}</th><th>What is wrong</th>${heads}${rest}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`;
}

function cell({ cells = {}, faults }: ReportedRow, column: string, isMeant: (fault: Fault) => boolean): string {
  const value = Object.hasOwn(cells, column) ? cells[column] : undefined;
  const here = faults.filter((fault) => fault.column !== undefined && rootColumn(fault.column, cells) === column);
  const shown = value === undefined || value === '' ? '<i>empty</i>' : escapeHtml(value);
  const [first] = here;
  if (first === undefined) return `<td>${value === '' ? '' : shown}</td>`;
  return `<td class="${here.some(isMeant) ? 'at' : 'also'}" title="${escapeHtml(first.reason)}">${shown}</td>`;
}

/** In the file's order. When there are too many: those at fault in any of the rows, then the first ones. */
function columnsOf(rows: readonly ReportedRow[]): string[] {
  const all = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells ?? {})))];
  if (all.length <= mostColumns) return all;
  const atFault = rows.flatMap(({ faults, cells }) =>
    faults.map(({ column }) => (column === undefined ? undefined : rootColumn(column, cells ?? {}))),
  );
  const byNeed = new Set([...atFault.filter((column) => column !== undefined), ...all]);
  const chosen = new Set([...byNeed].slice(0, mostColumns));
  return all.filter((column) => chosen.has(column));
}
