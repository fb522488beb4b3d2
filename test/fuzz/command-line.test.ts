/** Whatever is typed: a command with values of the right kind, or a usage error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, CommanderError } from 'commander';
import fc from 'fast-check';
import { buildProgram } from '../../src/cli.ts';

const everyCommand = (command: Command): Command[] => [command, ...command.commands.flatMap(everyCommand)];
const flags = [
  ...new Set(
    everyCommand(buildProgram()).flatMap(({ options }) => options.flatMap(({ long, short }) => [long, short])),
  ),
].filter((flag) => typeof flag === 'string');
const commands = everyCommand(buildProgram()).map((command) => command.name());

const word = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...commands) },
  { weight: 6, arbitrary: fc.constantFrom(...flags) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(...flags), fc.string({ maxLength: 6 }))
      .map(([flag, value]) => `${flag}=${value}`),
  },
  {
    weight: 6,
    arbitrary: fc.constantFrom(
      '',
      '-',
      '--',
      '0',
      '1',
      '-1',
      '2%',
      '101%',
      '1e9',
      'NaN',
      '16MiB',
      '1.5kB',
      'tab',
      ',,',
      'csv',
      'a.html',
      'people.csv',
      'auto',
      '__proto__',
      '\u001b[31m',
      '--no-json',
      '-nq',
      '-hV',
    ),
  },
  { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 10 }) },
);

/** Half of what is typed begins well. */
const beginning = fc.constantFrom<string[]>(
  [],
  ['push', 'a.csv', '-t', 'stream'],
  ['validate', 'a.csv', '--target', 'stream'],
  ['preview', 'a.csv', '-t', 'stream'],
  ['runs'],
  ['sandbox'],
  ['explain'],
);

/** What flags with a meaning of their own may come to. */
const numbers: readonly (readonly [flag: string, least: number])[] = [
  ['limit', 1],
  ['rows', 1],
  ['row', 1],
  ['chunkSize', 1],
  ['concurrency', 1],
  ['minRows', 1],
  ['port', 0],
  ['maxRowSize', 0],
];

test('any words are a command with values of the right kind, or a usage error', async () => {
  let [ran, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(beginning, fc.array(word, { maxLength: 6 }), async (first, rest) => {
      const words = [...first, ...rest];
      const program = buildProgram();
      const seen: Record<string, unknown>[] = [];
      for (const command of everyCommand(program)) {
        command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
        if (command !== program)
          command.action(function (this: Command) {
            seen.push(this.opts());
          });
      }
      try {
        await program.parseAsync(['node', 'cdp-load', ...words]);
        ran += seen.length;
      } catch (error) {
        assert.ok(error instanceof CommanderError, `${error instanceof Error ? error.stack : error}`);
        assert.ok(error.exitCode === 0 || error.message !== '');
        refused++;
      }
      for (const options of seen) {
        for (const [flag, least] of numbers) {
          const value = options[flag];
          if (value !== undefined)
            assert.ok(
              typeof value === 'number' && Number.isSafeInteger(value) && value >= least,
              `${flag}: ${String(value)}`,
            );
        }
        const { rate } = options;
        assert.ok(rate === undefined || (typeof rate === 'number' && rate > 0 && Number.isFinite(rate)));
      }
    }),
    { numRuns: 2000 },
  );
  assert.ok(refused > 300 && ran > 100, `${ran} ran, ${refused} refused`);
});
