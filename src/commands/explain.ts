/** `cdp-load explain`: the longer text behind a code. */
import chalk from 'chalk';
import { catalogues, type Explanation, explanationOf, explanations } from '../codes.ts';
import { closest } from '../model/suggest.ts';
import { printable } from '../report/printable.ts';
import { commandError } from './codes.ts';

const lineWidth = 100;

export function explain(code: string | undefined, flags: { readonly json?: boolean }): void {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const found = code === undefined ? explanations : [find(code)];
  if (flags.json) {
    for (const explanation of found) say(JSON.stringify({ event: 'code', ...explanation }));
  } else if (code === undefined) {
    for (const { title, codes } of catalogues) say(listed(title, codes));
  } else {
    for (const { code: name, area, text } of found)
      say(`${chalk.bold(name)} ${chalk.dim(`(${area})`)}\n${wrapped(text)}`);
  }
}

function find(code: string): Explanation {
  // As it stands in a message: "[value-date]".
  const asked = code.trim().replace(/^\[(.*)\]$/, '$1');
  const known = explanationOf(asked.toLowerCase());
  if (known !== undefined) return known;
  const codes = explanations.map((explanation) => explanation.code);
  const near = closest(asked, codes) ?? codes.find((one) => asked !== '' && one.includes(asked.toLowerCase()));
  throw commandError('code-unknown', `There is no code "${printable(asked)}".`, {
    hint:
      near === undefined
        ? '`cdp-load explain` lists all codes.'
        : `Did you mean "${near}"? cdp-load explain ${near}. Without a code, \`cdp-load explain\` lists them all.`,
  });
}

function listed(title: string, codes: Readonly<Record<string, string>>): string {
  const widest = Math.max(...Object.keys(codes).map(({ length }) => length));
  const lines = Object.entries(codes).map(([code, text]) => `  ${code.padEnd(widest)}  ${firstSentence(text)}`);
  return `${chalk.bold(title)}\n${lines.join('\n')}\n`;
}

/** A full stop ends a sentence only before a blank or the end: `.csv` and `1.5` go on, and so does what stands in parentheses or as code. */
const firstSentence = (text: string): string =>
  /^(?:`[^`]*`|\([^)]*\)|[^`(])*?[.:](?=\s|$)/.exec(text)?.[0].replace(/:$/, '.') ?? text;

function wrapped(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > lineWidth) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
