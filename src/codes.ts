/** Every stable code of the program with its longer text, from the catalogue of each part. Reports, rejects and people's scripts hold them. */
import { authoringCodes } from './authoring/codes.ts';
import { commandCodes } from './commands/codes.ts';
import { configCodes } from './config/codes.ts';
import { engineCodes } from './engine/codes.ts';
import { inputCodes } from './input/codes.ts';
import { journalCodes } from './journal/codes.ts';
import { mappingCodes } from './mapping/codes.ts';
import { sandboxCodes } from './sandbox/codes.ts';
import { targetCodes } from './targets/codes.ts';

export interface Catalogue {
  readonly title: string;
  /** What its codes are about, in a sentence. */
  readonly about: string;
  readonly codes: Readonly<Record<string, string>>;
}

/** In the order in which a row meets them. */
export const catalogues: readonly Catalogue[] = [
  { title: 'Commands', about: 'What ends a command by itself.', codes: commandCodes },
  { title: 'Proposing a mapping', about: 'What keeps `init` from writing one.', codes: authoringCodes },
  { title: 'Config', about: 'The config file and the settings of a target.', codes: configCodes },
  { title: 'Input', about: 'Files that cannot be read, and rows that cannot.', codes: inputCodes },
  { title: 'Mapping', about: 'Mappings, and values that do not convert under one.', codes: mappingCodes },
  {
    title: 'Targets',
    about: 'What a platform would refuse or silently drop, what it answered, and what it only warns of.',
    codes: targetCodes,
  },
  { title: 'Runs', about: 'What stops a run, or keeps it from starting.', codes: engineCodes },
  { title: 'Journal', about: 'The record of what was delivered, and the files of rejected rows.', codes: journalCodes },
  { title: 'Sandbox', about: 'The local emulator.', codes: sandboxCodes },
];

export interface Explanation {
  readonly code: string;
  readonly area: string;
  readonly text: string;
}

export const explanations: readonly Explanation[] = catalogues.flatMap(({ title, codes }) =>
  Object.entries(codes).map(([code, text]) => ({ code, area: title, text })),
);

export const explanationOf = (code: string): Explanation | undefined =>
  explanations.find((explanation) => explanation.code === code);

/** `docs/codes.md`, made from the catalogues so that it cannot lag behind. */
export function codesText(): string {
  const sections = catalogues.map(({ title, about, codes }) => {
    const entries = Object.entries(codes).map(([code, text]) => `### \`${code}\`\n\n${text}\n`);
    return `## ${title}\n\n${about}\n\n${entries.join('\n')}`;
  });
  return `# Codes

Every error, every fault of a row and every warning has a code that stays the same from version to version: scripts may rely
on it. \`cdp-load explain CODE\` prints what stands here; \`cdp-load explain\` lists them all. This page is written by
\`node scripts/make-codes.ts\`.

${sections.join('\n')}`;
}
