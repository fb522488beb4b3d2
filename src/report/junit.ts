/** Results of `cdp-load test` in the XML that build servers read (the common subset of the JUnit dialects). */

import { printable } from './printable.ts';
import type { MappingReport } from './test-results.ts';

/** Text in XML: what XML cannot hold (control characters, halves of characters) is spelled out. */
export const escapeXml = (text: string): string =>
  text
    .split('\n')
    .map((line) => printable(line))
    .join('\n')
    .toWellFormed()
    .replace(/[\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');

export function junitText(reports: readonly MappingReport[]): string {
  const suites = reports.map(suiteText);
  const all = reports.flatMap(({ outcomes }) => outcomes);
  const totals = counts(all.length, all.filter(({ passed }) => !passed).length, reports.filter(isBroken).length);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="cdp-load test" ${totals}>\n${suites.join('')}</testsuites>\n`;
}

function suiteText(report: MappingReport): string {
  const { file, outcomes, error, seconds } = report;
  const failures = outcomes.filter(({ passed }) => !passed).length;
  const cases = outcomes.map(({ name, line, passed, differences }) => {
    const head = `    <testcase classname="${escapeXml(file)}" name="${escapeXml(name)}" file="${escapeXml(file)}" line="${line}"`;
    if (passed) return `${head}/>\n`;
    const [first = ''] = differences;
    return `${head}>\n      <failure message="${escapeXml(first)}">${escapeXml(differences.join('\n'))}</failure>\n    </testcase>\n`;
  });
  if (error !== undefined) {
    const [first = ''] = error.message.split('\n');
    cases.push(
      `    <testcase classname="${escapeXml(file)}" name="the mapping">\n      <error type="${escapeXml(error.code)}" message="${escapeXml(first)}">${escapeXml(error.message)}</error>\n    </testcase>\n`,
    );
  }
  const errors = isBroken(report) ? 1 : 0;
  const head = `${counts(outcomes.length + errors, failures, errors)} time="${seconds.toFixed(3)}"`;
  return `  <testsuite name="${escapeXml(file)}" ${head}>\n${cases.join('')}  </testsuite>\n`;
}

const isBroken = ({ error }: MappingReport): boolean => error !== undefined;

const counts = (tests: number, failures: number, errors: number): string =>
  `tests="${tests}" failures="${failures}" errors="${errors}"`;
