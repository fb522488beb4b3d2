/** Whatever stands in a mapping or a config: it is taken, or refused with a code and a hint. Nothing else ever comes of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { explanationOf } from '../../src/codes.ts';
import { loadConfig } from '../../src/config/load.ts';
import { resolveTarget } from '../../src/config/resolve.ts';
import { settingStates } from '../../src/config/setting-states.ts';
import { compileMapping, type Shape } from '../../src/mapping/compile.ts';
import { loadMapping } from '../../src/mapping/load.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import { UserError } from '../../src/model/fault.ts';
import { emulatorTypes } from '../../src/sandbox/index.ts';
import { targetTypes } from '../../src/targets/index.ts';
import { mutated } from '../support/mutate.ts';
import { sideFiles } from '../support/random-fields.ts';
import { root } from '../support/workdir.ts';

const fixture = (path: string): string => readFileSync(join(root, 'fixtures', path), 'utf8');
const mappings = [
  'people.map.yaml',
  'adobe/profiles.map.yaml',
  'adobe/web-events.map.yaml',
  'customerio/customers.map.yaml',
  'customerio/companies.map.yaml',
  'customerio/events.map.yaml',
  'datatalks/ticket-buyers.map.yaml',
  'datatalks/matches.map.yaml',
  'relay42/crm-customers.map.yaml',
  'relay42/products.map.yaml',
].map(fixture);
/** What no fixture has. */
const rich =
  'version: 1\ntarget: raptor\noperation: person\nsettings: { writeMode: append, columns: { A: string, B: { type: enum, values: [x] } } }\n' +
  'key: [a, b]\nwhere: a != ""\nonEmpty: "null"\nfields:\n  A: { from: a, lookup: { file: codes.csv, key: code, value: meaning }, default: none }\n' +
  '  B: { from: b, transform: tidy.mjs#shout, emptyWords: [NULL] }\n  C.d: { expr: \'cel.bind(x, a, x.matches("^a+$") ? upper(x) : formatDate(timestamp(b), "yyyy", "UTC"))\' }\n' +
  '  E: { from: [a, b], type: date, format: d MMM yy, locale: sv, twoDigitYearsFrom: 1930 }\n';
const configs = [
  'cdp-load.yaml',
  'adobe/cdp-load.yaml',
  'customerio/cdp-load.yaml',
  'datatalks/cdp-load.yaml',
  'relay42/cdp-load.yaml',
].map(fixture);

const runs = 400;

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdp-load-fuzz-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(sideFiles)) writeFileSync(join(folder, name), text);
  return folder;
}

/** Undefined when it is a refusal as it should be. */
async function refusal<Result>(work: () => Promise<Result> | Result): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    assert.ok(explanationOf(error.code) !== undefined, `the code ${error.code} stands in no catalogue`);
    assert.ok((error.hint ?? '') !== '', `no hint: ${error.message}`);
    assert.equal(error.exit, 2, error.message);
    return undefined;
  }
}

const targets = targetTypes.map((type) => {
  const emulator = emulatorTypes
    .find(({ platform }) => platform === type.type)
    ?.create({ now: () => 0, sleep: async () => {} });
  const settings = emulator?.settings(`http://127.0.0.1:1/${type.type}`) ?? {};
  const config = { path: undefined, directory: '/', content: { targets: {} }, stateDir: undefined, at: () => 'here' };
  return resolveTarget(type.type, config, {}, () => settings);
});
const shapes: readonly Shape[] = [
  { kind: 'ndjson' },
  { kind: 'csv', header: ['a', 'b', 'customer_id', 'email', '__proto__', 'constructor'] },
];
const sampleRows = [
  { a: 'x', b: null, customer_id: 7, email: 'ada@example.org' },
  ['x', '', '7', 'ada@example.org', 'p', 'c'],
] as const;

test('a damaged mapping is taken or refused, and what is taken maps any row', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'm.yaml');
  const sources = [...mappings, rich];
  let [taken, compiled] = [0, 0];
  const property = fc.asyncProperty(fc.nat(sources.length - 1), fc.gen(), async (index, draw) => {
    const text = mutated(draw, sources[index] ?? '', sources);
    writeFileSync(path, text);
    try {
      const mapping = await refusal(() => loadMapping(path));
      if (mapping === undefined) return;
      taken++;
      for (const { target, type } of targets) {
        await refusal(() => runMappingTests(mapping, target, { kind: type }));
        for (const [kind, shape] of shapes.entries()) {
          const made = await refusal(() => compileMapping(mapping, shape, target, type));
          if (made === undefined) continue;
          compiled++;
          const mapped = made.mapRow(sampleRows[kind] as never, { identity: () => 'f'.repeat(64), now: 0 });
          assert.ok(['items', 'rejected', 'skipped'].includes(mapped.kind));
        }
      }
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.stack : error}\nunder the mapping:\n${text}`);
    }
  });
  await fc.assert(property, { numRuns: runs });
  assert.ok(taken > runs / 10 && taken < runs && compiled > 0, `${taken} of ${runs} were taken, ${compiled} compiled`);
  assert.equal(dirname(path), folder);
});

test('a damaged config is taken or refused, and so is each of its targets', async (t) => {
  const folder = folderFor(t);
  const path = join(folder, 'cdp-load.yaml');
  const env = Object.fromEntries(
    targetTypes.flatMap(({ environment }) => Object.values(environment).map((name) => [name, 'some-value'])),
  );
  let [taken, refused] = [0, 0];
  const property = fc.asyncProperty(fc.nat(configs.length - 1), fc.gen(), async (index, draw) => {
    const text = mutated(draw, configs[index] ?? '', configs);
    writeFileSync(path, text);
    try {
      const config = await refusal(() => loadConfig(path, folder));
      if (config === undefined) {
        refused++;
        return;
      }
      taken++;
      for (const name of [...Object.keys(config.content.targets), 'stream', '__proto__', 'toString']) {
        await refusal(() => resolveTarget(name, config, env));
        await refusal(() => settingStates(name, config, env));
      }
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.stack : error}\nunder the config:\n${text}`);
    }
  });
  await fc.assert(property, { numRuns: runs });
  assert.ok(taken > 50 && refused > 20, `${taken} taken, ${refused} refused`);
});
