/**
 * The fault report as one page: no scripts, nothing loaded from anywhere, everything escaped. It goes to whoever made the file, who
 * has never heard of this program: what is wrong with which cell comes first, in words; codes and the load come last.
 */
import type { Fault } from '../model/fault.ts';
import { estimateText, repeatedKeysText } from './estimate-text.ts';
import { chosenColumns, type FaultReport, type ReportedReason, type ReportedRow, rootColumn } from './fault-report.ts';
import { style } from './fault-report-style.ts';
import { bytesText, count, plural, printable } from './printable.ts';

/** A table wider than this hides what it is about: the columns at fault are always among those shown. */
const mostColumns = 10;
const mostRowsEach = 50;
/** A page that can be mailed and opened: a file may have a fault of its own in each of ten thousand columns. */
const mostReasons = 300;
const mostSections = 40;
const mostRows = 600;
/** Other faults of a row, beside the one that its table is about. */
const mostOthers = 3;
/** Characters of a cell that is not at fault. */
const longestQuiet = 100;
/** A cell of so many characters, such as a time, is not broken into lines; nor is a longer one that is at fault. */
const shortCell = 32;
const shortCellAtFault = 40;

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
<p class="quiet">Checked on ${escapeHtml(report.made.slice(0, 16).replace('T', ' '))} UTC, before it is loaded into ${escapeHtml(destination(report))}. Nothing was sent.</p>
</header>
${tiles(report)}
${aboutTheFile(report)}
${overview(report)}
${sections(report)}
${aboutTheLoad(report)}
<footer class="quiet">Written by cdp-load. This page holds rows of the file: treat it as you treat the file.</footer>
</body>
</html>
`;
}

function titleOf({ files, rejected, read, complete }: FaultReport): string {
  const names = files.length > 3 ? `${files.slice(0, 3).join(', ')} and ${files.length - 3} more` : files.join(', ');
  const rows = complete ? plural(read, 'row') : `the first ${plural(read, 'row')}`;
  if (rejected > 0) return `${names}: ${count(rejected)} of ${rows} would be rejected`;
  return read === 1 && complete
    ? `${names}: the row is good`
    : `${names}: all ${rows} are good`.replace('all the', 'the');
}

const destination = ({ target, type }: FaultReport) => (target === type ? target : `${target} (${type})`);

function tiles({ read, accepted, rejected, skipped }: FaultReport): string {
  const tile = (name: string, value: number, kind = '') =>
    `<div class="tile ${kind}"><b>${count(value)}</b><span>${name}</span></div>`;
  return `<div class="tiles">${tile('rows read', read)}${tile('good', accepted, 'good')}${tile('rejected', rejected, rejected > 0 ? 'bad' : '')}${tile('left out on purpose', skipped)}</div>`;
}

const list = (items: readonly string[]): string =>
  items.length === 0 ? '' : `<ul class="facts">${items.map((text) => `<li>${escapeHtml(text)}</li>`).join('')}</ul>`;

function aboutTheFile({ complete, key, repeatedKeys, warnings }: FaultReport): string {
  const items: string[] = [];
  if (!complete) items.push('The check ended before the end of the input: the numbers are of the rows that were read.');
  if (repeatedKeys !== undefined && repeatedKeys.rows > 0) items.push(repeatedKeysText(repeatedKeys, key));
  for (const { code, text, count: times, first } of warnings)
    items.push(`Not rejected, but look at it, ${plural(times, 'time')}: ${text} (first at ${first}) [${code}]`);
  return list(items);
}

function aboutTheLoad({ mapping, requests, bytes, estimate, key, repeatedKeys }: FaultReport): string {
  const items = [`The rows were read by the mapping ${mapping}.`];
  if (estimate !== undefined)
    items.push(
      `The good rows would go out in ${plural(requests, 'request')} (${bytesText(bytes)}). ${estimateText(estimate)}`,
    );
  if (repeatedKeys !== undefined && repeatedKeys.rows === 0) items.push(repeatedKeysText(repeatedKeys, key));
  return `<h2>For whoever loads the file</h2>\n${list(items)}`;
}

const aboutLines =
  'Each fault has a table below with rows as they stand in the file, the cell at fault in red. Lines are counted from the top of the file as a text editor counts them; a cell with a line break takes several.';

function overview({ reasons, files }: FaultReport): string {
  if (reasons.length === 0) return '';
  const rows = reasons.slice(0, mostReasons).map(({ count: times, column, code, reason, first }, index) => {
    const text = escapeHtml(reason);
    const linked = index < mostSections ? `<a href="#r${index}">${text}</a>` : text;
    return `<tr><td class="number">${count(times)}</td><td>${escapeHtml(column ?? '')}</td><td>${linked}</td><td>${escapeHtml(placeOf(first, files))}</td><td class="quiet">${escapeHtml(code)}</td></tr>`;
  });
  const left = reasons.length - rows.length;
  return `<h2>What is wrong</h2>
<p>${aboutLines}</p>
<div class="wide"><table><thead><tr><th class="number">Rows</th><th>Column</th><th>What is wrong, for example</th><th>First at${files.length > 1 ? '' : ' line'}</th><th>Code</th></tr></thead>
<tbody>${rows.join('')}</tbody></table></div>${left > 0 ? `\n<p class="quiet">… and ${plural(left, 'other fault')}, each of fewer rows or as many.</p>` : ''}`;
}

/** "people.csv:12", or the line alone where there is one file. */
const placeOf = (first: string, files: readonly string[]): string =>
  files.length === 1 ? first.slice(first.lastIndexOf(':') + 1) : first;

/** The most frequent faults, until the page is full. */
function sections(report: FaultReport): string {
  let room = mostRows;
  const made = report.reasons.slice(0, mostSections).map((reason, index) => {
    const isMeant = (fault: Fault) => fault.code === reason.code && (fault.column ?? fault.field) === reason.column;
    const shown = report.rows.filter(({ faults }) => faults.some(isMeant)).slice(0, Math.min(mostRowsEach, room));
    room -= shown.length;
    return section(reason, index, shown, isMeant, report.files.length > 1);
  });
  return made.join('\n');
}

function section(
  { code, column, reason, explanation, count: times }: ReportedReason,
  index: number,
  shown: readonly ReportedRow[],
  isMeant: (fault: Fault) => boolean,
  namesFiles: boolean,
): string {
  const left = times - shown.length;
  const more =
    left > 0 && shown.length > 0 ? `<p class="quiet">… and ${plural(left, 'more row')} with this fault.</p>` : '';
  return `<section id="r${index}">
<h2>${escapeHtml(column ?? 'The row as a whole')} <span class="quiet">${plural(times, 'row')}</span></h2>
<p><b>${escapeHtml(reason)}</b> <span class="quiet">[${escapeHtml(code)}]</span>${explanation === undefined ? '' : `<br>${withCode(explanation)}`}</p>
${shown.length === 0 ? '' : table(shown, reason, isMeant, namesFiles)}${more}
</section>`;
}

function table(
  rows: readonly ReportedRow[],
  usual: string,
  isMeant: (fault: Fault) => boolean,
  namesFiles: boolean,
): string {
  const all = [...new Set(rows.flatMap(({ cells }) => Object.keys(cells ?? {})))];
  const columns = chosenColumns(all, rows, mostColumns);
  const hidden = all.length - columns.length + Math.max(...rows.map(({ otherColumns = 0 }) => otherColumns));
  const named = columns.map((column) => `<th>${escapeHtml(column)}</th>`).join('');
  const heads = columns.length === 0 ? '<th>The row as it stands</th>' : named;
  const rest = hidden > 0 ? `<th class="quiet">${plural(hidden, 'more column')}</th>` : '';
  const remarks = rows.map((row) => remarksOn(row, usual, isMeant));
  const hasRemarks = remarks.some((remark) => remark !== '');
  const body = rows.map((row, index) => {
    const place = namesFiles ? `${row.file}:${row.line}` : String(row.line);
    const cells =
      row.cells === undefined
        ? `<td class="at" colspan="${Math.max(1, columns.length + (hidden > 0 ? 1 : 0))}">${blanksShown(row.text ?? '')}</td>`
        : columns.map((column) => cell(row, column, isMeant)).join('') + (hidden > 0 ? '<td></td>' : '');
    const why = hasRemarks ? `<td class="why">${remarks[index]}</td>` : '';
    return `<tr><td class="number">${escapeHtml(place)}</td>${cells}${why}</tr>`;
  });
  const remarkHead = hasRemarks ? '<th>Also</th>' : '';
  return `<div class="wide"><table><thead><tr><th class="number">${namesFiles ? 'File and line' : 'Line'}</th>${heads}${rest}${remarkHead}</tr></thead>
<tbody>${body.join('\n')}</tbody></table></div>`;
}

/** What the heading of the table does not say already. */
function remarksOn({ faults }: ReportedRow, usual: string, isMeant: (fault: Fault) => boolean): string {
  const own = faults
    .filter((fault) => isMeant(fault) && fault.reason !== usual)
    .map(({ reason }) => escapeHtml(reason));
  const others = faults.filter((fault) => !isMeant(fault));
  const told = others.slice(0, mostOthers).map((fault) => {
    const text = `${fault.column ?? fault.field ?? ''}: ${fault.reason}`.replace(/^: /, '');
    return `<span class="quiet">${escapeHtml(text)}</span>`;
  });
  const left = others.length - told.length;
  return [
    ...own,
    ...told,
    ...(left > 0 ? [`<span class="quiet">… and ${plural(left, 'other fault')}</span>`] : []),
  ].join('<br>');
}

function cell({ cells = {}, faults }: ReportedRow, column: string, isMeant: (fault: Fault) => boolean): string {
  const value = Object.hasOwn(cells, column) ? (cells[column] ?? '') : undefined;
  const here = faults.filter(
    (fault) => fault.column === column || (fault.column !== undefined && rootColumn(fault.column, cells) === column),
  );
  const [first] = here;
  const isShort = (value ?? '').length <= (first === undefined ? shortCell : shortCellAtFault);
  if (first === undefined) {
    const text = value ?? '';
    const quiet = text.length > longestQuiet ? `${text.slice(0, longestQuiet)}…` : text;
    return `<td${isShort ? ' class="short"' : ''}>${blanksShown(quiet)}</td>`;
  }
  const shown = value === undefined ? '<i>missing</i>' : value === '' ? '<i>empty</i>' : blanksShown(value);
  const kind = `${here.some(isMeant) ? 'at' : 'also'}${isShort ? ' short' : ''}`;
  return `<td class="${kind}" title="${escapeHtml(first.reason)}">${shown}</td>`;
}

/** A blank at either end is often the fault, and nobody sees it. */
function blanksShown(text: string): string {
  const inner = text.trim();
  if (inner.length === text.length) return escapeHtml(text);
  const at = text.indexOf(inner);
  const dots = (length: number) => (length === 0 ? '' : `<s title="blank">${'·'.repeat(length)}</s>`);
  return `${dots(at)}${escapeHtml(inner)}${dots(text.length - at - inner.length)}`;
}
