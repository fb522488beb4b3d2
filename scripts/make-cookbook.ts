// Plays each page of the cookbook and writes what its commands answer: `node scripts/make-cookbook.ts [page…]`, after a build.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { played } from './cookbook/stage.ts';

const folder = new URL('../docs/cookbook/', import.meta.url);
const wanted = process.argv.slice(2);
const pages = readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md');
for (const name of pages.filter((page) => wanted.length === 0 || wanted.includes(page.replace(/\.md$/, '')))) {
  const path = new URL(name, folder);
  const before = readFileSync(path, 'utf8');
  const after = await played(before);
  if (after === before) continue;
  writeFileSync(path, after);
  process.stderr.write(`${name}: written anew\n`);
}
