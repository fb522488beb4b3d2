/** A target that takes anything, for tests of mappings: each item goes out as it is. */
import type { CompiledMapping, Row, Shape } from '../../src/mapping/compile.ts';
import { compileMapping } from '../../src/mapping/compile.ts';
import { parseMapping } from '../../src/mapping/load.ts';
import type { Fault } from '../../src/model/fault.ts';
import { UserError } from '../../src/model/fault.ts';
import type { JsonObject } from '../../src/model/json.ts';
import type { Encoded, Operation, Target } from '../../src/targets/target.ts';
import { makeOperation } from './blocks.ts';

export const openOperation = (given: Partial<Operation> = {}): Operation =>
  makeOperation({
    fields: [{ name: '*' }],
    emptyCells: { allowed: ['omit', 'null', 'keep'], fallback: 'omit', why: 'Null erases.' },
    ...given,
  });

/** @param operations by name; without it every name is an operation that takes anything */
export function fakeTarget(operations?: Readonly<Record<string, Operation>>): Target {
  return {
    identity: 'fake',
    retry: { retries: 0, waits: { kind: 'ladder', stepsMs: [] }, then: 'stop' },
    notices: [],
    operation: (name) => {
      const operation = operations === undefined ? openOperation({ name }) : operations[name];
      if (operation === undefined) throw new UserError('operation-unknown', `No operation "${name}".`);
      return operation;
    },
    authorize: (request) => request,
    check: { none: 'it is a fake' },
  };
}

export const csv = (...header: string[]): Shape => ({ kind: 'csv', header });
export const ndjson: Shape = { kind: 'ndjson' };

/** A mapping of one operation with these fields, in YAML's flow form or indented by two. */
export const withFields = (fields: string, rest = ''): string =>
  `version: 1\ntarget: fake\noperation: put\n${rest}fields:\n${fields}\n`;

export const compileText = (text: string, shape: Shape, operation?: Operation): CompiledMapping =>
  compileMapping(
    parseMapping(text, 'm.yaml'),
    shape,
    operation === undefined ? fakeTarget() : fakeTarget({ put: operation }),
  );

/** What becomes of one row: its items, the faults, or the word "skipped". */
export function mapOne(compiled: CompiledMapping, row: Row): (JsonObject | undefined)[] | readonly Fault[] | 'skipped' {
  const mapped = compiled.mapRow(row, { identity: () => 'identity', now: 0 });
  if (mapped.kind === 'skipped') return 'skipped';
  if (mapped.kind === 'rejected') return mapped.faults;
  return mapped.items.map((item: Encoded | undefined) =>
    item === undefined ? undefined : (JSON.parse(item.json) as JsonObject),
  );
}

/** The complaints, one a line, without the file's name. */
export function complaintsOf(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error.message.split('\n').map((line) => line.replace(/^m\.yaml:/, ''));
    throw error;
  }
  return [];
}
