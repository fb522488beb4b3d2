// Writes docs/codes.md from the catalogues of codes: `node scripts/make-codes.ts`.
import { writeFileSync } from 'node:fs';
import { codesText } from '../src/codes.ts';

writeFileSync(new URL('../docs/codes.md', import.meta.url), codesText());
