import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RejectedRow } from '../../src/journal/rejects.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { noSensitiveColumns, sensitiveColumns } from '../../src/mapping/sensitive-columns.ts';
import { type FaultReportParts, faultReport, rootColumn } from '../../src/report/fault-report.ts';
import { faultReportHtml } from '../../src/report/fault-report-html.ts';
import type { Summary } from '../../src/report/summary.ts';

const summary: Summary = {
  run: 'r',
  command: 'validate',
  target: 'stream',
  files: ['people.csv'],
  read: 3,
  accepted: 1,
  rejected: 2,
  skipped: 0,
  uncertain: 0,
  remaining: 0,
  complete: true,
  resumed: 0,
  alreadyLoaded: [],
  requests: 1,
  retries: 0,
  bytes: 10,
  seconds: 1,
  faults: [{ code: 'value-email', column: 'email', reason: 'expected an address', count: 2, first: 'people.csv:2' }],
  warnings: [],
  destroyed: [],
  rejectsFile: undefined,
  uncertainFile: undefined,
  stopped: undefined,
  exit: 1,
  next: undefined,
};

const row = (source: Record<string, unknown> | string, more: Partial<RejectedRow> = {}): RejectedRow => ({
  file: 'people.csv',
  line: 2,
  record: 1,
  byte: 20,
  faults: [{ stage: 'map', code: 'value-email', column: 'email', reason: 'expected an address' }],
  source: typeof source === 'string' ? { kind: 'text', text: source } : { kind: 'json', text: JSON.stringify(source) },
  ...more,
});

const report = (rows: readonly RejectedRow[], more: Partial<FaultReportParts> = {}) =>
  faultReport({
    summary,
    type: 'raptor',
    mapping: 'people.map.yaml',
    key: ['id'],
    rows,
    sensitive: noSensitiveColumns,
    explain: () => 'The text is not one plain e-mail address.',
    mask: (text) => text.replaceAll('s3cret', '•••'),
    now: 0,
    ...more,
  });

test('the cell at fault is marked in its row, the others are not', () => {
  const html = faultReportHtml(report([row({ id: '7', email: 'nobody@' })]));
  assert.match(html, /<td class="short">7<\/td><td class="at short" title="expected an address">nobody@<\/td>/);
  assert.match(html, /<h2>email <span class="quiet">2 rows<\/span><\/h2>/);
  assert.match(
    html,
    /expected an address<\/b> <span class="quiet">\[value-email\]<\/span><br>The text is not one plain/,
  );
  assert.match(html, /… and 1 more row with this fault\./);
});

test('nothing from the file can end a tag, run, load anything or turn the reading direction', () => {
  const nasty = `<script>alert(1)</script>"'&\u001b[31m\u202e`;
  const html = faultReportHtml(
    report([row({ [nasty]: nasty, email: nasty }), row(nasty)], {
      summary: {
        ...summary,
        files: [nasty],
        target: nasty,
        warnings: [{ code: 'x', text: nasty, count: 1, first: nasty }],
      },
    }),
  );
  assert.doesNotMatch(html, /<script|<img|https?:|src=|\son\w+=/i);
  assert.ok(!html.includes('\u001b') && !html.includes('\u202e'));
  assert.match(html, /&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;\\x1b\[31m\\u202e/);
  assert.match(html, /default-src 'none'/);
});

test('values of sensitive columns are masked, in rows, in objects and in rows that cannot be taken apart', () => {
  const sensitive = sensitiveColumns(
    parseMapping(
      `version: 1
target: raptor
operation: person
fields:
  A: { from: [ssn, other], sensitive: true }
  B: { from: "person.tax", sensitive: true }
  C: { expr: 'salary + bonus', sensitive: true }
  D: email
`,
      'm.yaml',
    ),
  );
  const made = report(
    [
      row({ ssn: 'XX1', other: 'XX2', person: { tax: 'XX3', name: 'Ada' }, salary: 'XX4', bonus: 'XX5', email: 'e' }),
      row('XX6,XX7,"broken'),
    ],
    { sensitive },
  );
  for (const text of [faultReportHtml(made), JSON.stringify(made)]) assert.doesNotMatch(text, /XX\d/);
  assert.equal(made.rows[0]?.cells?.['email'], 'e');
  assert.equal(made.rows[1]?.text, '•••');
});

test('a secret is masked wherever it stands', () => {
  const faults = [{ stage: 'map' as const, code: 'value-email', column: 'email', reason: 's3cret?', value: 's3cret' }];
  const made = report([row({ email: 'my s3cret' }, { faults }), row('s3cret', { faults })], {
    summary: { ...summary, faults: [{ code: 'x', column: undefined, reason: 's3cret', count: 1, first: 'a:1' }] },
  });
  for (const text of [faultReportHtml(made), JSON.stringify(made)]) assert.doesNotMatch(text, /s3cret/);
});

test('of a row with a thousand columns the one at fault is shown', () => {
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`c${index}`, `v${index}`]));
  const faults = [{ stage: 'map' as const, code: 'value-email', column: 'c700', reason: 'no' }];
  const html = faultReportHtml(
    report([row(wide, { faults })], {
      summary: { ...summary, faults: [{ code: 'value-email', column: 'c700', reason: 'no', count: 1, first: 'a:1' }] },
    }),
  );
  assert.match(html, /<td class="at short" title="no">v700<\/td>/);
  assert.match(html, /990 more columns/);
  assert.ok(html.length < 20_000, String(html.length));
});

test('where there is one file its lines are named, where there are several the file too', () => {
  const one = faultReportHtml(report([row({ email: 'x' })]));
  assert.match(one, /<th>First at line<\/th>[\s\S]*<td>2<\/td><td class="quiet">value-email/);
  assert.match(one, /<td class="number">2<\/td><td class="at/);
  const two = faultReportHtml(
    report([row({ email: 'x' })], { summary: { ...summary, files: ['people.csv', 'b.csv'] } }),
  );
  assert.match(two, /<th>First at<\/th>[\s\S]*<td>people\.csv:2<\/td><td class="quiet">value-email/);
  assert.match(two, /<td class="number">people\.csv:2<\/td><td class="at/);
});

test('a reason is said once, other faults of a row beside it; blanks at the ends, empty cells and missing ones are seen', () => {
  const other = { stage: 'map' as const, code: 'value-integer', column: 'n', reason: 'no integer' };
  const own = { stage: 'map' as const, code: 'value-email', column: 'email', reason: 'expected an address' };
  const html = faultReportHtml(
    report([
      row({ id: ' 7  ', email: ' b@' }, { faults: [own, other] }),
      row({ id: '', email: '' }),
      row({ id: '8' }, { faults: [{ ...own, reason: 'got a list' }] }),
    ]),
  );
  assert.equal(html.split('expected an address').length - 1, 2 + 2, 'twice as text, twice as a title');
  assert.match(html, /<s title="blank">·<\/s>7<s title="blank">··<\/s>/);
  assert.match(html, /<s title="blank">·<\/s>b@<\/td><td class="why"><span class="quiet">n: no integer<\/span><\/td>/);
  assert.match(
    html,
    /<td class="short"><\/td><td class="at short" title="expected an address"><i>empty<\/i><\/td><td class="why"><\/td>/,
  );
  assert.match(html, /<td class="at short" title="got a list"><i>missing<\/i><\/td><td class="why">got a list<\/td>/);
});

test('what may matter to the maker of the file comes before the rows, what matters to the loader after them', () => {
  const html = faultReportHtml(
    report([row({ id: '7', email: 'x' })], {
      summary: {
        ...summary,
        warnings: [{ code: 'may-trigger-campaigns', text: 'counts as now', count: 2, first: 'people.csv:9' }],
        repeatedKeys: { rows: 2, first: 'people.csv:4', compared: 3, isWhole: true },
      },
    }),
  );
  const order = [
    '2 rows have a key (id) that stood',
    'counts as now (first at people.csv:9)',
    'What is wrong',
    'people.map.yaml',
  ];
  const places = order.map((text) => html.indexOf(text));
  assert.ok(
    places.every((place, index) => place > (places[index - 1] ?? 0)),
    JSON.stringify(places),
  );
});

test('a fault in each of thousands of columns of wide rows makes neither a page nor a JSON of hundreds of megabytes', () => {
  const names = Array.from({ length: 3000 }, (_, index) => `c${index}`);
  const reason = 'expected an integer: digits only';
  const faults = names.map((column) => ({ stage: 'map' as const, code: 'value-integer', column, reason }));
  const wide = row(Object.fromEntries(names.map((name) => [name, '<'.repeat(400)])), { faults });
  const made = report(
    Array.from({ length: 50 }, () => wide),
    {
      summary: {
        ...summary,
        faults: names.map((column) => ({ code: 'value-integer', column, reason, count: 50, first: 'people.csv:2' })),
      },
    },
  );
  const html = faultReportHtml(made);
  assert.ok(html.length < 12_000_000, `${html.length} characters of a page`);
  assert.match(html, /… and 2,700 other faults/);
  assert.match(html, /2,990 more columns/);
  assert.match(html, /… and 96 other faults/);
  assert.ok(JSON.stringify(made).length < 6_000_000, `${JSON.stringify(made).length} characters of JSON`);
  assert.equal(made.rows[0]?.otherColumns, 2800);
});

test('a very long cell and digits beyond a double keep the page small and the digits whole', () => {
  const made = report([
    row({ email: 'x'.repeat(1_000_000) }),
    row('', { source: { kind: 'json', text: '{"id":9007199254740993001,"email":null}' } }),
  ]);
  assert.ok(JSON.stringify(made).length < 5000);
  assert.deepEqual(made.rows[1]?.cells, { id: '9007199254740993001', email: '' });
});

test('a path leads to the column it goes into, the longest name first', () => {
  const cells = { a: 1, 'a.b': 2, list: 3 };
  assert.deepEqual(
    ['a', 'a.b', 'a.b.c', 'a.c', 'list[0].x', 'listing', 'toString'].map((path) => rootColumn(path, cells)),
    ['a', 'a.b', 'a.b', 'a', 'list', undefined, undefined],
  );
});
