/** Raptor: what is declared in the dataflow must be declared here, and what an empty cell may do hangs on how it is set. */
import type { JsonObject } from '../model/json.ts';
import type { DraftField, DraftSetting } from './draft.ts';
import { keepsWhatIsThere, mayBeEmpty, type Plan, type Recipe } from './recipe.ts';

function raptorSettings(plan: Plan, operation: string): DraftSetting[] {
  const { fields, keyField, given } = plan;
  const columns: JsonObject = {};
  for (const field of fields) {
    const type = raptorType(field);
    const identifies = field.name === keyField || (operation === 'person' && type === 'email');
    const isRequired = field.style.required === true;
    columns[field.name] =
      identifies || isRequired
        ? { type, ...(isRequired ? { required: true } : {}), ...(identifies ? { identifier: true } : {}) }
        : type;
  }
  return [
    ...(operation === 'interaction' || given['writeMode'] !== undefined
      ? []
      : [
          {
            name: 'writeMode',
            value: 'append',
            choose: 'how is the dataflow set in the Data Manager? overwrite replaces the whole data set',
          },
        ]),
    ...(recordsHaveGaps(plan) && given['ignoreMissingColumns'] === undefined
      ? [
          {
            name: 'ignoreMissingColumns',
            value: true,
            choose:
              'tick "Ignore missing columns?" in the dataflow\'s File Mapping step, or records with gaps are dropped there',
          },
        ]
      : []),
    ...(given['columns'] === undefined
      ? [
          {
            name: 'columns',
            value: columns,
            note: 'as they are declared in the dataflow: what differs is dropped there without a word',
          },
        ]
      : []),
  ];
}

const recordsHaveGaps = ({ fields, lacking }: Plan): boolean => lacking > 0 || fields.some(mayBeEmpty);

/** Without the dataflow's "ignore missing columns" a record must have all columns, and both null and "" overwrite. */
function raptorEmptyCells(plan: Plan): ReturnType<NonNullable<Recipe['emptyCells']>> {
  const mayLack = plan.given['ignoreMissingColumns'];
  if (mayLack === true || (mayLack === undefined && recordsHaveGaps(plan))) return undefined;
  return {
    onEmpty: 'reject',
    onEmptyWhy: 'null would erase, and without "ignore missing columns" nothing may be left out',
  };
}

const mostRaptorInteger = 2_000_000_000; // raptor contract §4

function raptorType({ style, evidence }: DraftField): string {
  const { type, split } = style;
  const of = evidence?.guess.kind === 'list' ? evidence.guess.of : 'text';
  if (split !== undefined || type?.startsWith('list')) return of === 'number' ? 'array<decimal>' : 'array<string>';
  if (type === 'integer') {
    const ends = [Number(evidence?.least ?? 0), Number(evidence?.most ?? 0)];
    return ends.every((end) => Math.abs(end) <= mostRaptorInteger) ? 'integer' : 'decimal';
  }
  if (type === 'number') return 'decimal';
  if (type === 'date' || type === 'datetime') return 'datetime';
  if (type === 'boolean' || type === 'email') return type;
  return evidence?.guess.kind === 'json' ? 'array' : 'string';
}

export const raptor = (operation: 'person' | 'interaction' | 'catalog', about: Recipe['about']): Recipe => ({
  about,
  open: '',
  style: 'pascal',
  takesLists: true,
  takesObjects: 'in lists',
  onEmpty: 'omit',
  onEmptyWhy: `${keepsWhatIsThere}; null would erase it`,
  settings: (plan) => raptorSettings(plan, operation),
  emptyCells: raptorEmptyCells,
});
