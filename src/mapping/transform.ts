/**
 * `transform: tidy.ts#phone`: a function of a local module, for what the mapping's language cannot say. That of a field gets the value and the row,
 * and gives a value; that of the mapping gets the row, and gives a row. It must be quick, must not wait for anything, and must give the same for the
 * same row, or a resumed load would differ from a clean one.
 */
import { hash } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import { fromCel } from './cel-values.ts';
import { type Complaint, didYouMean, type Path, pointer, quote } from './complaint.ts';
import { beside, readBounded } from './files.ts';
import { fieldsOf, type Mapping } from './mapping.ts';
import { Refusal } from './refusal.ts';
import { objectReader, type Row, type Shape, wholeHeader } from './row-shape.ts';

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
  const ofFields = mapping.entries.flatMap(fieldsOf).flatMap(({ field: { transform }, path }) => {
    return transform === undefined ? [] : [{ transform, at: [...path, 'transform'] }];
  });
  const ofRow =
    mapping.transform === undefined ? [] : [{ transform: mapping.transform.function, at: rowTransformPath(mapping) }];
  for (const { transform, at } of [...ofRow, ...ofFields]) {
    const named = parts(transform);
    if (named === undefined) {
      complain({ path: at, text: notNamed(transform) });
      continue;
    }
    const bytes = await readBounded(beside(mapping.file, named.file), mostBytes);
    if (typeof bytes === 'string')
      complain({ path: at, text: `${named.file} is not there or cannot be read (the path begins at the mapping)` });
    else digests[named.file] = hash('sha256', bytes);
  }
  return digests;
}

const notNamed = (specifier: string): string =>
  `expected a local module and a function of it, such as tidy.ts#phone; found ${quote(specifier)}`;

/** Where the name of the function stands: by itself, or beside what it adds. */
export const rowTransformPath = ({ positions }: Mapping): Path =>
  positions.values[pointer(['transform', 'function'])] === undefined ? ['transform'] : ['transform', 'function'];

/** What a function made of the row; null: the row is left out. */
export type ChangeRow = (row: Row) => JsonObject | null | Refusal;

/** Loads the function of the mapping itself, or says what is wrong. */
export function loadRowTransform(mapping: Mapping, shape: Shape, discreet: boolean): ChangeRow | string | undefined {
  if (mapping.transform === undefined) return undefined;
  const { function: specifier } = mapping.transform;
  const change = loadCall(mapping.file, specifier, discreet);
  if (typeof change === 'string') return change;
  const notRow = new Refusal('transform-failed', `${specifier} gave neither a row nor null`);
  const copyOf = rowCopier(shape);
  return (row) => {
    // A copy, because functions like to change what they are given, and the row's key is read of it as it was.
    const made = change(copyOf(row));
    if (made instanceof Refusal || made === null) return made;
    return isJsonObject(made) ? made : notRow;
  };
}

/** Loads the function of a field, or says what is wrong. Each thread loads it for itself. */
export function loadTransform(
  mappingFile: string,
  specifier: string,
  shape: Shape,
  discreet: boolean,
): Transform | string {
  const call = loadCall(mappingFile, specifier, discreet);
  if (typeof call === 'string') return call;
  // What a function changes of it must not depend on how the row was read.
  const copyOf = rowCopier(shape);
  return (value, row) => call(value, copyOf(row));
}

function loadCall(
  mappingFile: string,
  specifier: string,
  discreet: boolean,
): ((...given: unknown[]) => Json | undefined | Refusal) | string {
  const named = parts(specifier);
  if (named === undefined) return notNamed(specifier);
  let module: Record<string, unknown>;
  try {
    module = createRequire(resolve(mappingFile))(resolve(beside(mappingFile, named.file))) as Record<string, unknown>;
  } catch (error) {
    return `${named.file} cannot be loaded: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`;
  }
  const found = Object.hasOwn(module, named.name) ? module[named.name] : undefined;
  if (typeof found !== 'function') {
    const functions = Object.keys(module).filter((key) => typeof module[key] === 'function');
    return `${named.file} exports no function ${quote(named.name)}${didYouMean(named.name, functions)}`;
  }
  const call = found as (...given: unknown[]) => unknown;
  return (...given) => {
    try {
      const result = call(...given);
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

/** Makes of each row an object that is nobody else's. */
function rowCopier(shape: Shape): (row: Row) => JsonObject {
  if (shape.kind !== 'csv') {
    const objectOf = objectReader(shape);
    return (row) => ({ ...objectOf(row) });
  }
  const header = wholeHeader(shape);
  // All rows are copies of one object, which V8 then reads and spreads at the places of its keys; where each key is added by itself, it
  // looks all up in a table from the seventeenth on. And a column called __proto__ is one like any other.
  const empty = JSON.parse(`{${header.map((name) => `${JSON.stringify(name)}:""`).join()}}`) as JsonObject;
  return (row) => {
    const object = { ...empty };
    for (let index = 0; index < header.length; index++)
      object[header[index] ?? ''] = (row as readonly string[])[index] ?? '';
    return object;
  };
}
