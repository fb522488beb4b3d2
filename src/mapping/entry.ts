/** One entry of a mapping (`items:`, or the mapping itself) against its operation: compiled, and checked for fit. */

import { type Fault, UserError } from '../model/fault.ts';
import { readOnce } from '../model/read-once.ts';
import type { EmptyPolicy, Encoded, FieldRule, Operation, RowContext, Target } from '../targets/target.ts';
import { elementType, isListType } from './check-field.ts';
import { type Complaint, didYouMean, type Path, quote } from './complaint.ts';
import { compileEach, innerName } from './each.ts';
import type { Expression } from './expression.ts';
import { type CompiledField, compileField } from './field.ts';
import { givenType, isCovered, misfit, ruleFor } from './fit.ts';
import { type EntryFault, type GroupRows, RowsRefusal } from './group-rows.ts';
import { issueComplaints } from './issues.ts';
import { type FieldValue, itemBuilder } from './item-builder.ts';
import { itemReader, RefusedValues } from './item-reader.ts';
import type { Mapping, MappingEntry, MappingField, TargetKind } from './mapping.ts';
import { outputName } from './output-path.ts';
import { Refusal } from './refusal.ts';
import type { Row, Shape } from './row-shape.ts';
import type { SensitiveColumns } from './sensitive-columns.ts';

export interface EntryField extends CompiledField {
  readonly sensitive: boolean;
  /** Fields of the elements, when it is a list of rows. */
  readonly inner?: readonly EntryField[];
}

export interface CompiledEntry {
  readonly operation: Operation;
  readonly when: Expression | undefined;
  readonly lastWins: boolean;
  readonly map: (row: Row, context: RowContext) => Encoded | { readonly faults: readonly EntryFault[] };
  readonly fields: readonly EntryField[];
  /** By its name as the mapping or the target writes it. */
  readonly fieldNamed: (name: string) => EntryField | undefined;
}

export interface EntrySurroundings {
  readonly mapping: Mapping;
  readonly shape: Shape;
  readonly target: Target;
  readonly kind: TargetKind | undefined;
  readonly sensitiveColumns: SensitiveColumns;
  readonly when: Expression | undefined;
  readonly group: GroupRows | undefined;
  readonly complain: (complaint: Complaint) => void;
}

/** Undefined when something was complained of that leaves nothing to compile. */
export function compileEntry(entry: MappingEntry, around: EntrySurroundings): CompiledEntry | undefined {
  const { complain, shape } = around;
  const operation = openOperation(entry, around);
  const undecided: string[] = [];
  const compileOne = (field: MappingField, path: Path, name: string, rule: FieldRule | undefined): EntryField => {
    const policy = policyOf(field, entry, around.mapping, operation, rule);
    if (operation !== undefined) checkPolicy(field, policy, operation, path, entry, complain);
    if (policy === undefined && operation !== undefined && mayBeEmpty(field)) undecided.push(name);
    const { mapping, sensitiveColumns, group } = around;
    const inField = { shape, mapping, policy: policy?.says, sensitiveColumns, group, path, complain };
    const sensitive = field.sensitive === true;
    const { each } = field;
    if (each !== undefined && group !== undefined) {
      const compileInner = (inner: MappingField, at: Path) => {
        const called = innerName(field, inner);
        const made = compileOne(inner, at, called, undefined);
        return { ...made, name: called, sensitive: made.sensitive || sensitive };
      };
      return { ...compileEach(field, each, { ...inField, group }, compileInner), sensitive };
    }
    const compiled = compileField(field, inField);
    if (shape.kind === 'csv' && isListType(field.type) && field.split === undefined && field.from !== undefined) {
      complain({
        path: [...path, 'type'],
        text: 'a CSV cell is text: say what separates the elements, such as split: ";"',
      });
    }
    return { ...compiled, sensitive };
  };
  const fields = entry.fields.map((field): EntryField => {
    const path: Path = [...entry.path, 'fields', field.name];
    const rule = operation === undefined ? undefined : ruleFor(field.steps, operation.fields);
    const compiled = compileOne(field, path, field.name, rule);
    if (operation !== undefined) {
      const wrong =
        rule === undefined
          ? unknownField(field, operation)
          : misfit(rule, field.steps, givenType(field, shape, compiled.expressionType));
      if (wrong !== undefined) complain({ path, text: wrong, atKey: true });
    }
    return compiled;
  });
  if (operation === undefined) return undefined;
  if (undecided.length > 0) {
    complain({
      path: [...entry.path, 'fields'],
      text: `an empty cell must be decided on for ${undecided.map(quote).join(', ')}: ${withoutStop(operation.emptyCells.why)}. Say onEmpty: ${operation.emptyCells.allowed.join(' | ')}, for each field or for the mapping`,
    });
  }
  for (const rule of operation.fields) {
    if ((rule.required || rule.alwaysPresent) && !isCovered(rule, entry.fields)) {
      complain({
        path: [...entry.path, 'fields'],
        text: `the operation ${operation.name} needs the field ${quote(rule.name)}, and the mapping does not give it`,
      });
    }
  }
  checkLastWins(entry, operation, around);
  const lastWins = entry.lastWins === true;
  return {
    operation,
    when: around.when,
    lastWins,
    map: entryMapper(fields, operation),
    fields,
    fieldNamed: fieldIndex(fields),
  };
}

function checkLastWins({ lastWins, path }: MappingEntry, operation: Operation, around: EntrySurroundings): void {
  if (lastWins !== true) return;
  const at = [...path, 'lastWins'];
  if (operation.lastWins === undefined) {
    around.complain({
      path: at,
      text: `lastWins is not possible for the operation ${operation.name} as it is set here: it is for items that overwrite the one before, and each of these counts`,
    });
  }
  if (around.group !== undefined) around.complain({ path: at, text: 'lastWins and group exclude each other' });
  if (around.mapping.key.length === 0) {
    around.complain({ path: at, text: 'lastWins needs key: the column that says which rows are of one person' });
  }
}

function openOperation(entry: MappingEntry, { target, kind, complain }: EntrySurroundings): Operation | undefined {
  const type =
    kind !== undefined && Object.hasOwn(kind.operations, entry.operation)
      ? kind.operations[entry.operation]
      : undefined;
  if (kind !== undefined && type === undefined) {
    const known = Object.keys(kind.operations);
    const near = didYouMean(entry.operation, known);
    complain({
      path: [...entry.path, 'operation'],
      text: `target type ${kind.type} has no operation ${quote(entry.operation)}${near}; it has ${known.join(', ')}`,
    });
    return undefined;
  }
  const parsed = type?.settings.safeParse(entry.settings, readOnce);
  if (parsed !== undefined && !parsed.success) {
    const path = [...entry.path, 'settings'];
    const knownKeys = (below: Path) => (below.length === 0 ? Object.keys(type?.settings.shape ?? {}) : []);
    for (const issue of parsed.error.issues) {
      for (const complaint of issueComplaints(issue, [], entry.settings, knownKeys)) {
        complain({ ...complaint, path: [...path, ...complaint.path] });
      }
    }
    return undefined;
  }
  try {
    return target.operation(entry.operation, entry.settings);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const hint = error.hint === undefined ? '' : ` ${error.hint}`;
    const at = error.code === 'operation-unknown' ? 'operation' : 'settings';
    complain({ path: [...entry.path, at], text: `${error.message}${hint}` });
    return undefined;
  }
}

interface Policy {
  readonly says: EmptyPolicy;
  readonly by: 'field' | 'entry' | 'mapping' | 'operation';
}

function policyOf(
  field: MappingField,
  entry: MappingEntry,
  mapping: Mapping,
  operation: Operation | undefined,
  rule: FieldRule | undefined,
): Policy | undefined {
  if (field.required === true) return { says: 'reject', by: 'field' };
  if (field.onEmpty !== undefined) return { says: field.onEmpty, by: 'field' };
  if (entry.onEmpty !== undefined) return { says: entry.onEmpty, by: 'entry' };
  if (mapping.onEmpty !== undefined) return { says: mapping.onEmpty, by: 'mapping' };
  if (operation?.emptyCells.fallback !== undefined) return { says: operation.emptyCells.fallback, by: 'operation' };
  return rule?.required ? { says: 'reject', by: 'operation' } : undefined;
}

const mayBeEmpty = (field: MappingField): boolean => field.const === undefined && field.default === undefined;

const textTypes: readonly (string | undefined)[] = [undefined, 'string', 'email', 'enum', 'decimal'];

function checkPolicy(
  field: MappingField,
  policy: Policy | undefined,
  operation: Operation,
  path: Path,
  entry: MappingEntry,
  complain: (complaint: Complaint) => void,
): void {
  if (policy === undefined || !mayBeEmpty(field) || policy.says === 'reject') return;
  const places = {
    field: [...path, 'onEmpty'],
    entry: [...entry.path, 'onEmpty'],
    mapping: ['onEmpty'],
    operation: path,
  };
  const { allowed, why } = operation.emptyCells;
  if (!allowed.includes(policy.says)) {
    complain({
      path: places[policy.by],
      text: `onEmpty: ${policy.says} is not possible for the operation ${operation.name}: ${withoutStop(why)}. Say ${allowed.filter((one) => one !== 'reject').join(', ')} or reject`,
    });
  }
  const isText =
    field.each !== undefined ||
    (!isListType(field.type) && field.split === undefined && textTypes.includes(elementType(field.type)));
  if (policy.says === 'keep' && !isText) {
    complain({
      path: policy.by === 'field' ? places.field : path,
      text: `onEmpty: keep would send "" for a field of type ${field.type ?? 'list'}: say omit, null or reject`,
    });
  }
}

function unknownField(field: MappingField, operation: Operation): string {
  const known = operation.fields.map(({ name }) => name).filter((name) => !name.endsWith('*'));
  const folded = known.find((name) => name.toLowerCase() === field.name.toLowerCase());
  const near = folded === undefined ? didYouMean(field.name, known) : ` (did you mean ${quote(folded)}?)`;
  return `the operation ${operation.name} knows no field ${quote(field.name)}${near}`;
}

function fieldIndex(fields: readonly EntryField[]): CompiledEntry['fieldNamed'] {
  const byName = new Map<string, EntryField>();
  for (const field of fields) {
    byName.set(outputName(field.steps), field);
    byName.set(field.name, field);
    for (const inner of field.inner ?? []) byName.set(inner.name, inner);
  }
  return (name) => byName.get(name);
}

function entryMapper(fields: readonly EntryField[], operation: Operation): CompiledEntry['map'] {
  const read = itemReader(fields);
  const build = itemBuilder(fields.map(({ steps }) => steps));
  const refuse = (values: readonly FieldValue[], context: RowContext): { readonly faults: readonly EntryFault[] } => {
    const faults = fields.flatMap((field, index): readonly EntryFault[] => {
      const value = values[index];
      if (value instanceof RowsRefusal) return value.faults;
      return value instanceof Refusal ? [faultOf(field, value)] : [];
    });
    // What the target thinks of the rest is worth knowing too, but not what it thinks of the fields that are missing for our reasons.
    const further = operation.encode(build(values), context);
    const named = new Set(
      faults.map(({ field }) => (field?.includes('[]') ? field.slice(0, field.indexOf('[]')) : field)),
    );
    const others = 'faults' in further ? further.faults : [];
    return { faults: [...faults, ...others.filter(({ field }) => field !== undefined && !named.has(field))] };
  };
  return (row, context) => {
    const made = read(row);
    return made instanceof RefusedValues ? refuse(made.values, context) : operation.encode(made, context);
  };
}

const faultOf = (field: EntryField, refusal: Refusal): Fault => ({
  stage: 'map',
  code: refusal.code,
  reason: refusal.reason,
  field: field.name,
});

const withoutStop = (sentence: string): string => sentence.replace(/\.$/, '');
