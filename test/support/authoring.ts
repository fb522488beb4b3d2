/** A file given as rows, looked at and turned into a mapping, as `init` does it, without a process or a disk. */
import { draftFor, look } from '../../src/authoring/author.ts';
import type { Draft } from '../../src/authoring/draft.ts';
import { type Evidence, inferColumn } from '../../src/authoring/infer.ts';
import { writeMapping } from '../../src/authoring/write-mapping.ts';
import { standInTarget } from '../../src/commands/stand-in-target.ts';
import type { ResolvedTarget } from '../../src/config/resolve.ts';
import { requireType } from '../../src/config/target-type.ts';
import type { PlainRow } from '../../src/input/parse.ts';
import { compileMapping } from '../../src/mapping/compile.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import { runMappingTests } from '../../src/mapping/tests.ts';
import type { Json } from '../../src/model/json.ts';

const noConfig = { path: undefined, directory: '/', content: { targets: {} }, stateDir: undefined, at: () => '' };

export interface Table {
  /** Undefined: the rows are objects of NDJSON. */
  readonly header?: readonly string[];
  readonly rows: readonly PlainRow[];
}

export interface Aim {
  readonly target: string;
  readonly operation?: string;
  readonly key?: string;
  readonly given?: Readonly<Record<string, unknown>>;
}

export function authored({ header, rows }: Table, aim: Aim): { readonly text: string; readonly draft: Draft } {
  const type = requireType(aim.target);
  const operation = aim.operation ?? Object.keys(type.operations)[0] ?? '';
  const rules = type.operations[operation]?.fields ?? [];
  const wanted = { target: type.type, operation, rules, given: aim.given ?? {}, key: aim.key, file: 'some file.csv' };
  const draft = draftFor(look({ rows, header }), wanted, header === undefined);
  const writing = {
    file: 'some file.csv',
    schema: './s.json',
    rowsLookedAt: rows.length,
    rowsUnreadable: 0,
    rowsInFile: rows.length,
    commands: [],
  };
  return { draft, text: writeMapping(draft, writing) };
}

const targets = new Map<string, ResolvedTarget>();

function openedTarget(name: string): ResolvedTarget {
  const opened = targets.get(name) ?? standInTarget(name, noConfig, {});
  targets.set(name, opened);
  return opened;
}

/** What is wrong with a mapping's own tests and with each row under it: nothing, for a tidy file. */
export function troubleWith(text: string, { header, rows }: Table, target: string): string[] {
  const mapping = parseMapping(text, 'proposed.map.yaml');
  const opened = openedTarget(target);
  const shape = header === undefined ? ({ kind: 'ndjson' } as const) : ({ kind: 'csv', header } as const);
  const compiled = compileMapping(mapping, shape, opened.target, opened.type);
  const options = { identity: () => '0'.repeat(64), now: Date.parse('2026-01-01T00:00:00Z') };
  const ofRows = rows.flatMap((row, index) => {
    const mapped = compiled.mapRow(row as string[], options);
    return mapped.kind === 'rejected' ? [`row ${index}: ${mapped.faults.map(({ reason }) => reason).join('; ')}`] : [];
  });
  const ofTests = runMappingTests(mapping, opened.target, { kind: opened.type, now: options.now });
  return [...ofRows, ...ofTests.flatMap(({ differences }) => differences)];
}

/** A column of one kind of cell, looked at by itself. `repeat` makes it long enough to tell. */
export const evidenceOf = (name: string, cells: readonly Json[], repeat = 1): Evidence => {
  const all = Array.from({ length: repeat }, () => cells).flat();
  const values = all.filter((cell) => cell !== '' && cell !== null);
  return inferColumn({ name, rows: all.length, values, opaque: false });
};
