/**
 * `transform: tidy.ts#phone`: a function of a local module, for what the mapping's language cannot say. It gets the value and the row, and gives a
 * value; it must be quick, must not wait for anything, and must give the same for the same row, or a resumed load would differ from a clean one.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import type { Json } from '../model/json.ts';
import { fromCel } from './cel-values.ts';
import { type Complaint, didYouMean, quote } from './complaint.ts';
import { readBounded } from './files.ts';
import { fieldsOf, type Mapping } from './mapping.ts';
import { Refusal } from './refusal.ts';
import type { Row, Shape } from './row-shape.ts';

const mostBytes = 16 * 1024 * 1024;

export type Transform = (value: Json, row: Row) => Json | undefined | Refusal;

/** `tidy.ts#phone` → file and name, or undefined. */
function parts(specifier: string): { readonly file: string; readonly name: string } | undefined {
  const cut = specifier.lastIndexOf('#');
  const file = specifier.slice(0, Math.max(0, cut));
  const name = specifier.slice(cut + 1);
  return /\.[cm]?[jt]s$/.test(file) && name !== '' ? { file, name } : undefined;
}

/** Hashes of the modules that the mapping names, for its own hash. What those modules import is not looked at. */
export async function readModules(
  mapping: Mapping,
  complain: (complaint: Complaint) => void,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const { field, path } of mapping.entries.flatMap(fieldsOf)) {
    const { transform } = field;
    if (transform === undefined) continue;
    const at = [...path, 'transform'];
    const named = parts(transform);
    if (named === undefined) {
      complain({
        path: at,
        text: `expected a local module and a function of it, such as tidy.ts#phone; found ${quote(transform)}`,
      });
      continue;
    }
    const bytes = await readBounded(join(dirname(mapping.file), named.file), mostBytes);
    if (typeof bytes === 'string')
      complain({ path: at, text: `${named.file} is not there or cannot be read (the path begins at the mapping)` });
    else digests[named.file] = createHash('sha256').update(bytes).digest('hex');
  }
  return digests;
}

/** Loads the function, or says what is wrong. Each thread loads it for itself. */
export function loadTransform(
  mappingFile: string,
  specifier: string,
  shape: Shape,
  discreet: boolean,
): Transform | string {
  const named = parts(specifier);
  if (named === undefined)
    return `expected a local module and a function of it, such as tidy.ts#phone; found ${quote(specifier)}`;
  let module: Record<string, unknown>;
  try {
    module = createRequire(resolve(mappingFile))(resolve(dirname(mappingFile), named.file)) as Record<string, unknown>;
  } catch (error) {
    return `${named.file} cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  const found = Object.hasOwn(module, named.name) ? module[named.name] : undefined;
  if (typeof found !== 'function') {
    const functions = Object.keys(module).filter((key) => typeof module[key] === 'function');
    return `${named.file} exports no function ${quote(named.name)}${didYouMean(named.name, functions)}`;
  }
  const call = found as (value: Json, row: unknown) => unknown;
  const header = shape.kind === 'csv' ? shape.header : undefined;
  return (value, row) => {
    try {
      const result = call(value, header === undefined ? row : asObject(header, row as readonly string[]));
      if (result instanceof Promise) {
        result.catch(() => {});
        return new Refusal('transform-failed', `${specifier} gave a promise: a transform cannot wait for anything`);
      }
      const made = fromCel(result);
      if (!(made instanceof Refusal)) return made;
      return new Refusal('transform-failed', made.reason.replace('the expression', specifier));
    } catch (error) {
      // What the function says may quote the value.
      const why = discreet || !(error instanceof Error) ? '' : `: ${error.message.split('\n')[0]}`;
      return new Refusal('transform-failed', `${specifier} failed${why}`);
    }
  };
}

function asObject(header: readonly string[], row: readonly string[]): Record<string, string> {
  const object: Record<string, string> = Object.create(null);
  for (let index = 0; index < header.length; index++) object[header[index] ?? ''] = row[index] ?? '';
  return object;
}
