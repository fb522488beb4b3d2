/**
 * From a row to the item that its fields make together. The fields are known before the first row, so code is written for them: each field's reader is called at
 * a place of its own, and what it gives is put under a name that V8 knows. That is far less work than a loop over readers and names
 * ([decision 14](../../docs/decisions/0014-code-for-items.md)).
 */
import type { JsonObject } from '../model/json.ts';
import { type FieldValue, itemBuilder } from './item-builder.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row-shape.ts';

/** What the fields of a row gave, in their order, where at least one value was refused. */
export class RefusedValues {
  readonly values: readonly FieldValue[];

  constructor(values: readonly FieldValue[]) {
    this.values = values;
  }
}

export type ItemReader = (row: Row) => JsonObject | RefusedValues;

export interface ItemField {
  /** The keys it nests in. */
  readonly steps: readonly string[];
  readonly read: (row: Row) => FieldValue;
}

/** V8 takes much memory to optimize one large function, and little for several small ones. */
const fieldsAPart = 16;
/** More of them take more memory than their time is worth. */
const mostWritten = 500;

export function itemReader(fields: readonly ItemField[]): ItemReader {
  const code = fields.length > mostWritten ? undefined : codeOf(fields.map(({ steps }) => steps));
  return (code === undefined ? undefined : compiled(code, fields)) ?? loopOver(fields);
}

function loopOver(fields: readonly ItemField[]): ItemReader {
  const build = itemBuilder(fields.map(({ steps }) => steps));
  const reads = fields.map(({ read }) => read);
  return (row) => {
    const values: FieldValue[] = new Array(reads.length);
    let isRefused = false;
    for (let index = 0; index < reads.length; index++) {
      const value = reads[index]?.(row);
      values[index] = value;
      if (value instanceof Refusal) isRefused = true;
    }
    return isRefused ? new RefusedValues(values) : build(values);
  };
}

/** Undefined where Node was told not to compile text (`--disallow-code-generation-from-strings`). */
function compiled(code: string, fields: readonly ItemField[]): ItemReader | undefined {
  const names = fields.map((_, index) => `read${index}`);
  try {
    const make = new Function('Refusal', 'RefusedValues', ...names, code) as (...given: unknown[]) => ItemReader;
    return make(Refusal, RefusedValues, ...fields.map(({ read }) => read));
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}

/** Nothing of a mapping gets into it but names, as literals. Undefined where the paths do not make a tree. */
function codeOf(paths: readonly (readonly string[])[]): string | undefined {
  const tree = treeOf(paths);
  if (tree === undefined) return undefined;
  const places = paths.map((steps) => `item${steps.map(keyed).join('')}`);
  const reading = inParts(
    'read_part',
    places.map(
      (place, index) => `
      ${place} = value = read${index}(row);
      if (value === undefined) state |= 1;
      else if (typeof value === 'object' && value instanceof Refusal) state |= 2;`,
    ),
  );
  const groups = new Map<string, number>();
  /** The object that holds what these steps lead to. It comes into being with its first value; a key of its may be one that every object inherits. */
  const holderOf = (steps: readonly string[]): string => {
    if (steps.length === 1) return 'sparse';
    const above = steps.slice(0, -1);
    const path = JSON.stringify(above);
    const group = groups.get(path) ?? groups.size;
    groups.set(path, group);
    return `(groups[${group}] ??= ${holderOf(above)}${keyed(above.at(-1) ?? '')} = {})`;
  };
  const copying = inParts(
    'copy_part',
    paths.map(
      (steps, index) =>
        `if ((value = ${places[index]}) !== undefined) ${holderOf(steps)}${keyed(steps.at(-1) ?? '')} = value;`,
    ),
  );
  return `
    ${reading.functions}
    ${copying.functions}
    return (row) => {
      const item = ${literalOf(tree)};
      const sparse = {}, groups = [];
      let state = 0;
      ${reading.calls}
      if (state === 0) return item;
      if (state > 1) return new RefusedValues([${places.join()}]);
      ${copying.calls}
      return sparse;
    };`;
}

function inParts(name: string, lines: readonly string[]): { readonly functions: string; readonly calls: string } {
  let functions = '';
  let calls = '';
  for (let from = 0; from < lines.length; from += fieldsAPart) {
    const body = lines.slice(from, from + fieldsAPart).join('\n');
    functions += `const ${name}${from} = (row, item, sparse, groups) => { let value, state = 0; ${body} return state; };\n`;
    calls += `state |= ${name}${from}(row, item, sparse, groups);\n`;
  }
  return { functions, calls };
}

const keyed = (key: string): string => `[${JSON.stringify(key)}]`;

/** Keys to what stands under them: more keys, or a value. */
type Tree = Map<string, Tree | 'value'>;

const literalOf = (tree: Tree): string =>
  `{${Array.from(tree, ([key, below]) => `${JSON.stringify(key)}: ${below === 'value' ? 'undefined' : literalOf(below)}`).join()}}`;

function treeOf(paths: readonly (readonly string[])[]): Tree | undefined {
  const tree: Tree = new Map();
  for (const steps of paths) {
    // In a literal this one is no key.
    if (steps.length === 0 || steps.includes('__proto__')) return undefined;
    let at = tree;
    for (const key of steps.slice(0, -1)) {
      const below = at.get(key) ?? new Map();
      if (below === 'value') return undefined;
      at.set(key, below);
      at = below;
    }
    const last = steps.at(-1) ?? '';
    if (at.has(last)) return undefined;
    at.set(last, 'value');
  }
  return tree;
}
