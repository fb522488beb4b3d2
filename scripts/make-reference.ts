// Writes the reference part of the README from the commands themselves: `node scripts/make-reference.ts`.
import { readFileSync, writeFileSync } from 'node:fs';
import { referenceText } from '../src/reference.ts';

const readme = new URL('../README.md', import.meta.url);
const text = readFileSync(readme, 'utf8');
writeFileSync(
  readme,
  text.replace(
    /(<!-- reference:.*? -->\n)[\s\S]*?(<!-- \/reference -->)/,
    (_, start: string, end: string) => `${start}${referenceText()}${end}`,
  ),
);
