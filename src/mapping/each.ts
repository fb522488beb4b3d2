/** `each:`: a field that is a list, with one element for each row of a group. */
import type { Json } from '../model/json.ts';
import type { Complaint, Path } from './complaint.ts';
import { compileExpression } from './expression.ts';
import { type CompiledField, emptyValue, type FieldSurroundings } from './field.ts';
import { type EntryFault, type GroupRows, RowsRefusal } from './group-rows.ts';
import { itemReader, RefusedValues } from './item-reader.ts';
import type { MappingEach, MappingField } from './mapping.ts';
import { outputName } from './output-path.ts';
import { Refusal } from './refusal.ts';
import type { Row } from './row-shape.ts';

export interface CompiledEach<Inner extends CompiledField> extends CompiledField {
  /** Named as faults name them: `lines[].sku`. */
  readonly inner: readonly Inner[];
}

/** What an inner field is called where there is no telling which element: `lines[].sku`, or `skus[]` for a value. */
export const innerName = (field: MappingField, inner: MappingField): string =>
  `${field.name}[]${inner.steps[0] === '' ? '' : `.${outputName(inner.steps)}`}`;

export function compileEach<Inner extends CompiledField>(
  field: MappingField,
  each: MappingEach,
  around: FieldSurroundings & { readonly group: GroupRows },
  compileInner: (inner: MappingField, path: Path) => Inner,
): CompiledEach<Inner> {
  const { group, path } = around;
  const at = [...path, 'each'];
  const where = each.where === undefined ? undefined : conditionOf(each.where, around);
  const whenEmpty = emptyValue(field, around);
  const fields = each.fields ?? [];
  const inner =
    each.value === undefined
      ? fields.map((one) => compileInner(one, [...at, 'fields', one.name]))
      : [compileInner(each.value, [...at, 'value'])];
  const elementOf = each.value === undefined ? objectReader(fields, inner) : valueReader(inner);

  const read = (): Json | undefined | Refusal => {
    const list: Json[] = [];
    let faults: EntryFault[] | undefined;
    for (let index = 0; index < group.rows.length; index++) {
      const row = group.rows[index] ?? [];
      const goes = where?.(row) ?? true;
      if (goes === false) continue;
      if (goes instanceof Refusal) {
        faults ??= [];
        faults.push({ stage: 'map', code: goes.code, reason: goes.reason, field: field.name, row: index });
        continue;
      }
      const element = elementOf(row, (name, { code, reason }) => {
        faults ??= [];
        faults.push({ stage: 'map', code, reason, field: name, row: index });
      });
      if (element !== undefined) list.push(element);
    }
    if (faults !== undefined) return new RowsRefusal(faults);
    return list.length === 0 ? whenEmpty(list) : list;
  };
  return { name: field.name, steps: field.steps, read, origin: () => ({}), columns: [], inner };
}

function conditionOf(
  text: string,
  { shape, path, complain, sensitiveColumns, group }: FieldSurroundings,
): ((row: Row) => Json | undefined | Refusal) | undefined {
  const compiled = compileExpression(text, shape, { expects: 'bool', sensitive: sensitiveColumns, group });
  if ('evaluate' in compiled) return compiled.evaluate;
  for (const fault of compiled) complain({ path: [...path, 'each', 'where'], ...fault } satisfies Complaint);
  return undefined;
}

type ElementReader = (row: Row, refuse: (name: string, refusal: Refusal) => void) => Json | undefined;

function valueReader([value]: readonly CompiledField[]): ElementReader {
  return (row, refuse) => {
    const made = value?.read(row);
    if (!(made instanceof Refusal)) return made;
    refuse(value?.name ?? '', made);
    return undefined;
  };
}

/** A row that gives none of the fields has nothing to add to the list. */
function objectReader(fields: readonly MappingField[], inner: readonly CompiledField[]): ElementReader {
  const readElement = itemReader(
    fields.map(({ steps }, index) => ({ steps, read: inner[index]?.read ?? (() => undefined) })),
  );
  return (row, refuse) => {
    const element = readElement(row);
    if (!(element instanceof RefusedValues)) return Object.keys(element).length === 0 ? undefined : element;
    for (const [index, value] of element.values.entries())
      if (value instanceof Refusal) refuse(inner[index]?.name ?? '', value);
    return undefined;
  };
}
