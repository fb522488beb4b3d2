/** CEL expressions over the columns of a row, compiled once. */
import type { Environment } from '@marcbachmann/cel-js';
import { shorten } from '../model/fault.ts';
import type { Json } from '../model/json.ts';
import { cel } from './cel.ts';
import { fromCel, toCel, weightOf } from './cel-values.ts';
import { inPlainWords } from './cel-words.ts';
import { quote } from './complaint.ts';
import { surveyExpression } from './expression-tree.ts';
import { addFunctions, linearMatches } from './functions.ts';
import type { GroupRows } from './group-rows.ts';
import { Refusal } from './refusal.ts';
import {
  cellIndex,
  memberReader,
  objectReader,
  type Row,
  type Shape,
  unknownColumn,
  wholeHeader,
} from './row-shape.ts';
import type { SensitiveColumns } from './sensitive-columns.ts';

export interface Expression {
  readonly text: string;
  /** What it says of a row: a value, undefined for nothing, or why it could not be found out. */
  readonly evaluate: (row: Row) => Json | undefined | Refusal;
  readonly columns: readonly string[];
  /** It has the whole row, or all rows of the group, as a value. */
  readonly readsAll: boolean;
  /** As far as it is known before any row is: a CEL type, or dyn. */
  readonly type: string;
}

export interface ExpressionFault {
  readonly offset: number;
  readonly text: string;
}

const longestExpression = 10_000;
const shownExpression = 60;
/** Characters and elements in the columns that an expression reads: macros go over them once, or once for each of them. */
const mostForMacros = [Number.POSITIVE_INFINITY, 100_000, 4000];

const base = (unlistedVariablesAreDyn: boolean): Environment => {
  const environment = new (cel().Environment)({
    unlistedVariablesAreDyn,
    enableOptionalTypes: true,
    homogeneousAggregateLiterals: false,
    limits: { maxAstNodes: 1000, maxDepth: 40, maxListElements: 200, maxMapEntries: 500, maxCallArguments: 16 },
  });
  addFunctions(environment);
  return environment;
};
const bases: { csv?: Environment; ndjson?: Environment } = {};

export interface ExpressionOptions {
  /** `bool` for conditions. */
  readonly expects: 'bool' | 'any';
  /** Columns whose values no message may show. */
  readonly sensitive?: SensitiveColumns;
  /** Gives the expression `rows`, all rows of the group. */
  readonly group?: GroupRows | undefined;
}

export function compileExpression(
  text: string,
  shape: Shape,
  { expects, sensitive, group }: ExpressionOptions,
): Expression | readonly ExpressionFault[] {
  if (text.length > longestExpression) return [{ offset: 0, text: `longer than ${longestExpression} characters` }];
  bases[shape.kind] ??= base(shape.kind === 'ndjson');
  const environment = (bases[shape.kind] ?? base(false)).clone();
  const faults: ExpressionFault[] = [];
  try {
    const program = environment.parse(text);
    const use = surveyExpression(program.ast);
    faults.push(...use.faults);
    const overRows = group !== undefined && use.names.has(rowsName);
    const names = [...use.names.keys()].filter(
      (name) => !isBuiltIn(environment, shape, name) && !(overRows && name === rowsName),
    );
    if (overRows && shape.kind === 'csv') environment.registerVariable(rowsName, 'list<map<string, string>>');
    if (shape.kind === 'csv') {
      faults.push(...declareColumns(environment, shape.header, use.names, names, use.rowKeys));
      if (use.wholeRow || use.rowKeys.size > 0) environment.registerVariable('row', 'map<string, string>');
    }
    if (shape.kind === 'ndjson' && shape.columns !== undefined) {
      const { columns } = shape;
      const read = [...names.map((name) => [name, use.names.get(name) ?? 0] as const), ...use.rowKeys];
      for (const [name, offset] of read)
        if (!columns.includes(name)) faults.push({ offset, text: unknownName(columns, name) });
    }
    if (faults.length > 0) return faults;
    const checked = program.check();
    if (!checked.valid) {
      const taken = [...use.names.keys()].find(
        (name) => celWords.has(name) && shape.kind === 'csv' && shape.header.includes(name),
      );
      const { offset, text: says } = faultOf(checked.error);
      return [
        {
          offset,
          text:
            taken === undefined
              ? says
              : `${says} (the column ${taken} is row["${taken}"], since CEL has the word itself)`,
        },
      ];
    }
    const type = checked.type ?? 'dyn';
    if (expects === 'bool' && type !== 'bool' && type !== 'dyn') {
      return [{ offset: 0, text: `a condition must be true or false; this gives ${type}` }];
    }
    if (/^(type|bytes)\b/.test(type)) {
      return [{ offset: 0, text: `gives ${type}, which cannot be sent; a column of that name is row["…"]` }];
    }
    const rowKeys = [...use.rowKeys.keys()];
    const bind =
      shape.kind === 'csv'
        ? csvContext(shape, names, rowKeys, use.wholeRow)
        : jsonContext(shape, names, rowKeys, use.wholeRow);
    const readsAll = use.wholeRow || overRows;
    const columns = readsAll && shape.kind === 'csv' ? shape.header : [...names, ...rowKeys];
    const discreet = sensitive?.any === true && (readsAll || columns.some((name) => sensitive.has(name)));
    const bindAll = overRows ? withRows(bind, group, shape, use.members) : bind;
    const evaluate = guarded(text, program, bindAll, { most: mostForMacros[use.nesting] ?? 0, expects, discreet });
    return { text, evaluate, columns, readsAll, type };
  } catch (error) {
    return [faultOf(error)];
  }
}

const isBuiltIn = (environment: Environment, shape: Shape, name: string): boolean =>
  environment.hasVariable(name) && !(shape.kind === 'csv' && shape.header.includes(name) && !celWords.has(name));

/** Names of types and namespaces, which no column can take. */
const celWords = new Set(
  'bool bytes cel double duration dyn google int list map null_type optional string timestamp type uint math strings'.split(
    ' ',
  ),
);

function declareColumns(
  environment: Environment,
  header: readonly string[],
  offsets: ReadonlyMap<string, number>,
  names: readonly string[],
  rowKeys: ReadonlyMap<string, number>,
): ExpressionFault[] {
  const faults: ExpressionFault[] = [];
  for (const name of names) {
    if (header.includes(name)) environment.registerVariable(name, 'string');
    else faults.push({ offset: offsets.get(name) ?? 0, text: unknownName(header, name) });
  }
  for (const [key, offset] of rowKeys) {
    if (!header.includes(key)) faults.push({ offset, text: unknownColumn(header, key) });
  }
  return faults;
}

function unknownName(header: readonly string[], name: string): string {
  const says = unknownColumn(header, name);
  return /\(did you mean .*\)$/.test(says) ? says : `${says}; a column whose name is no word is row["…"]`;
}

function faultOf(error: unknown): ExpressionFault {
  const { ParseError, TypeError: CelTypeError, EvaluationError } = cel();
  if (error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError) {
    return { offset: error.range?.start ?? 0, text: inPlainWords(error.summary.replaceAll(linearMatches, 'matches')) };
  }
  return { offset: 0, text: error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'not an expression' };
}

type Context = Record<string, unknown>;
/** Fills the context for a row and gives the weight of what was put in. */
type Bind = (row: Row, context: Context, most: number) => number;

function csvContext(
  shape: Shape & { readonly kind: 'csv' },
  names: readonly string[],
  rowKeys: readonly string[],
  whole: boolean,
): Bind {
  const indexes = names.map((name) => cellIndex(shape, name));
  const keys = whole ? wholeHeader(shape) : rowKeys;
  const keyIndexes = keys.map((key) => cellIndex(shape, key));
  return (row, context) => {
    const cells = row as readonly string[];
    let weight = 0;
    for (let i = 0; i < names.length; i++) {
      const cell = cells[indexes[i] ?? -1] ?? '';
      context[names[i] ?? ''] = cell;
      weight += cell.length;
    }
    if (keys.length > 0) {
      const object: Context = Object.create(null);
      for (let i = 0; i < keys.length; i++) {
        const cell = cells[keyIndexes[i] ?? -1] ?? '';
        object[keys[i] ?? ''] = cell;
        weight += cell.length;
      }
      context['row'] = object;
    }
    return weight;
  };
}

function jsonContext(shape: Shape, names: readonly string[], rowKeys: readonly string[], whole: boolean): Bind {
  const readNames = names.map((name) => memberReader(shape, name));
  const readKeys = rowKeys.map((key) => memberReader(shape, key));
  const readWhole = whole ? objectReader(shape) : undefined;
  return (row, context, most) => {
    let weight = 0;
    for (const [index, name] of names.entries()) {
      const value = readNames[index]?.(row);
      context[name] = toCel(value ?? null);
      if (most < Number.POSITIVE_INFINITY) weight += weightOf(value, most);
    }
    if (readWhole !== undefined) {
      const object = readWhole(row);
      context['row'] = toCel(object);
      if (most < Number.POSITIVE_INFINITY) weight += weightOf(object, most);
    } else if (rowKeys.length > 0) {
      const part: Context = Object.create(null);
      for (const [index, key] of rowKeys.entries()) {
        const value = readKeys[index]?.(row);
        if (value === undefined) continue;
        part[key] = toCel(value);
        if (most < Number.POSITIVE_INFINITY) weight += weightOf(value, most);
      }
      context['row'] = part;
    }
    return weight;
  };
}

const rowsName = 'rows';

/** Adds the group's rows. They weigh what the expression can read of them: a member that it names. */
function withRows(bind: Bind, group: GroupRows, shape: Shape, members: ReadonlySet<string>): Bind {
  const header = shape.kind === 'csv' ? wholeHeader(shape) : [];
  const objectOf = objectReader(shape);
  const cells = header.flatMap((name, index) => (members.has(name) ? [index] : []));
  return (row, context, most) => {
    let weight = bind(row, context, most);
    const rows: unknown[] = [];
    for (const one of group.rows) {
      weight += 1;
      if (Array.isArray(one)) {
        for (const index of cells) weight += one[index]?.length ?? 0;
        const object: Context = Object.create(null);
        for (let index = 0; index < header.length; index++) object[header[index] ?? ''] = one[index] ?? '';
        rows.push(object);
        continue;
      }
      const object = objectOf(one);
      for (const name of members) if (Object.hasOwn(object, name)) weight += weightOf(object[name], most);
      rows.push(toCel(object));
    }
    context[rowsName] = rows;
    return weight;
  };
}

function guarded(
  text: string,
  program: (context: Context) => unknown,
  bind: Bind,
  { most, expects, discreet }: { readonly most: number; readonly expects: 'bool' | 'any'; readonly discreet: boolean },
): Expression['evaluate'] {
  const shown = quote(text.length > shownExpression ? `${text.slice(0, shownExpression)}…` : text);
  const context: Context = Object.create(null);
  const tooHeavy = new Refusal(
    'expression-too-heavy',
    `the expression ${shown} goes over lists, and its columns hold more than ${most} characters in this row`,
  );
  const notBool = new Refusal('expression-result', `the condition ${shown} gave neither true nor false`);
  return (row) => {
    try {
      if (bind(row, context, most) > most) return tooHeavy;
      const value = program(context);
      if (expects === 'bool') return typeof value === 'boolean' ? value : notBool;
      return fromCel(value);
    } catch (error) {
      // The evaluator's own words may quote a value.
      const why = discreet ? '' : `: ${failure(error)}`;
      return new Refusal('expression-failed', `the expression ${shown} failed${why}`);
    }
  };
}

const failure = (error: unknown): string =>
  error instanceof RangeError ? 'its result is too long' : shorten(faultOf(error).text);
