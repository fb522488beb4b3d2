/** From columns and an operation to a mapping, as data. Pure: the same sample gives the same draft. */
import { ruleFor } from '../mapping/fit.ts';
import { outputSteps } from '../mapping/output-path.ts';
import type { LongField } from '../mapping/schema.ts';
import type { FieldRule } from '../targets/target.ts';
import type { Draft, DraftField, LeftOut } from './draft.ts';
import { styleOf } from './field-style.ts';
import type { Evidence } from './infer.ts';
import { matchFields, proposeKey, scoreOf } from './match.ts';
import { restyle, unused } from './names.ts';
import type { Privacy } from './privacy.ts';
import type { Plan, Recipe } from './recipe.ts';
import { recipeFor } from './recipes.ts';

export interface Proposal {
  readonly target: string;
  readonly operation: string;
  /** Fields of the operation, under the settings that are known. */
  readonly rules: readonly FieldRule[];
  readonly columns: readonly Evidence[];
  readonly privacy: ReadonlyMap<string, Privacy>;
  /** Column that `--key` names. */
  readonly key?: string | undefined;
  readonly fileWord: string;
  /** The configured target's own settings. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly isNdjson: boolean;
}

/** YAML takes no key of more than 1024 characters, and some characters take six when they are quoted. */
const longestName = 150;
/** More would make a mapping that nobody reads, and that is larger than a mapping may be. */
const mostFields = 2000;

/** An alias as sure as this is meant, whatever the column's name sounds like (`push_token` for a device). */
const surely = 85;

export function propose(proposal: Proposal): Draft {
  const { rules, columns, privacy, operation, target, isNdjson } = proposal;
  const recipe = recipeFor(target, operation, rules);
  const mappable = rules.filter((rule) => recipe.rules?.(rule) ?? true);
  const leftOut: LeftOut[] = [];
  const usable = columns.filter((column) => {
    const { name, guess } = column;
    if (name.split('.').includes('__proto__')) {
      leftOut.push({ column: name, why: 'a name that programs stumble over; rename it' });
      return false;
    }
    if (name.length > longestName) {
      leftOut.push({ column: `${name.slice(0, 40)}…`, why: `a name of more than ${longestName} characters` });
      return false;
    }
    const secret = privacy.get(name);
    if (secret?.kind === 'secret' && !mappable.some((rule) => scoreOf(rule, name) >= surely)) {
      leftOut.push({
        column: name,
        why: `looks like a secret (${secret.why}): it has no place in a marketing platform`,
      });
      return false;
    }
    if (guess.kind === 'empty') leftOut.push({ column: name, why: 'empty in every row looked at' });
    return guess.kind !== 'empty';
  });
  const key = usable.find(({ name }) => name === proposal.key) ?? proposeKey(usable, recipe.about);
  const builder = createBuilder(proposal, recipe, key?.name);
  const matches = matchFields(usable, mappable);

  const idField = identityField(recipe, rules, key, matches);
  if (idField !== undefined && key !== undefined) builder.add(key, idField, ruleFor(stepsOf(idField), rules));
  for (const column of usable) {
    const own = matches.filter(
      (match) => match.column === column.name && !(match.rule.name === idField && column !== key),
    );
    for (const { rule } of own) if (rule.name !== idField) builder.add(column, rule.name, rule);
    if (builder.isUsed(column.name)) continue;
    const why = builder.addOpen(column);
    if (why !== undefined) leftOut.push({ column: column.name, why });
  }
  builder.fillIn(mappable, proposal.fileWord);
  const { fields } = builder;

  const lacking = rules.filter(
    (rule) => (rule.required || rule.alwaysPresent) && !fields.some(({ name }) => covers(name, rule)),
  );
  const keyField = fields.find(({ style }) => key !== undefined && style.from === key.name)?.name;
  const plan: Plan = {
    fields,
    lacking: lacking.length,
    keyField,
    isKeyUnique: key !== undefined && key.empty === 0 && key.distinct === key.rows,
    fileWord: proposal.fileWord,
    given: proposal.given,
  };
  const settings = recipe.settings(plan);
  const missing = lacking
    .filter((rule) => !settings.some(({ name }) => name === rule.name))
    .map(({ name, about, required }) => ({
      name,
      about: [required === true ? noColumn : 'no column looks like it', about ?? '']
        .filter((text) => text !== '')
        .join('; '),
    }));
  if (fields.length === 0 && recipe.id !== undefined) missing.push({ name: recipe.id, about: noColumn });
  const { onEmpty, onEmptyWhy } = recipe.emptyCells?.(plan) ?? recipe;
  return {
    target,
    operation,
    key: key?.name,
    keyNote: key === undefined ? undefined : keyNote(key, proposal.key !== undefined),
    settings,
    onEmpty,
    onEmptyWhy,
    fields,
    missing,
    leftOut,
    isNdjson,
  };
}

const noColumn = 'is needed, and no column looks like it';

const stepsOf = (name: string): readonly string[] => outputSteps(name) ?? [name];
const covers = (name: string, rule: FieldRule): boolean => name === rule.name || name.startsWith(`${rule.name}.`);

/** Where the key goes, unless it goes there already under the name of its own. */
function identityField(
  { id }: Recipe,
  rules: readonly FieldRule[],
  key: Evidence | undefined,
  matches: ReturnType<typeof matchFields>,
): string | undefined {
  if (id === undefined || id === '' || key === undefined) return undefined;
  const other = matches.find(({ rule, column }) => column === key.name && rule.name.startsWith('identityMap.'));
  if (id.startsWith('identityMap.') && other !== undefined) return undefined;
  return rules.length === 0 || ruleFor(stepsOf(id), rules) !== undefined ? id : undefined;
}

function keyNote({ distinct, rows, empty }: Evidence, isChosen: boolean): string {
  const how = isChosen ? '' : 'proposed: ';
  if (empty > 0) return `${how}empty in ${empty} of the rows looked at, which will be rejected`;
  if (distinct === rows) return `${how}different in each of the rows looked at`;
  return `${how}${distinct} different values in ${rows} rows`;
}

interface Builder {
  readonly fields: DraftField[];
  add(column: Evidence, name: string, rule: FieldRule | undefined): void;
  /** Puts it where columns go that no field is known for; says why not, if it cannot. */
  addOpen(column: Evidence): string | undefined;
  isUsed(column: string): boolean;
  /** What the operation needs and a person can name once for all rows. */
  fillIn(rules: readonly FieldRule[], word: string): void;
}

function createBuilder(proposal: Proposal, recipe: Recipe, key: string | undefined): Builder {
  const { rules, privacy, isNdjson } = proposal;
  const fields: DraftField[] = [];
  const names = new Set<string>();
  const used = new Set<string>();
  let openFields = 0;

  const put = (
    column: Evidence,
    name: string,
    rule: FieldRule | undefined,
    style: LongField,
    choice: string | undefined,
  ) => {
    const isRequired = rule?.required === true || (column.name === key && !used.has(column.name));
    const gaps = !isRequired && column.empty > 0 && recipe.gaps !== undefined ? { onEmpty: recipe.gaps } : {};
    const isMidnight = style.type === 'datetime' && column.guess.kind === 'date';
    names.add(name);
    used.add(column.name);
    fields.push({
      name,
      style: { ...style, ...(isRequired ? { required: true } : gaps) },
      evidence: column,
      privacy: privacy.get(column.name),
      choose: [choice, isMidnight ? 'only a day is given: midnight in which zone?' : chooseFor(column, style)]
        .filter((text) => text !== undefined)
        .join('; '),
    });
  };
  return {
    fields,
    add(column, name, rule) {
      const style = styleOf(column, rule, recipe, isNdjson);
      if (style !== undefined && !names.has(name))
        put(column, name, rule, style, name === recipe.id ? recipe.idChoice : undefined);
    },
    addOpen(column) {
      const { open } = recipe;
      const inside = open === undefined ? undefined : ruleFor(stepsOf(`${open}anything`), rules);
      if (open === undefined || (rules.length > 0 && inside === undefined)) {
        return 'the operation knows no field for it';
      }
      const most = recipe.most ?? mostFields;
      if (openFields >= most) return `more than ${most} such fields are too many`;
      const style = styleOf(column, undefined, recipe, isNdjson);
      if (style === undefined) return 'lists and objects are not taken here';
      const plain = restyle(column.name, recipe.style);
      const wanted = `${open}${plain === '' ? 'column' : plain}`;
      const name = unused(
        wanted,
        (one) => names.has(one) || (rules.length > 0 && ruleFor(stepsOf(one), rules) !== inside),
      );
      put(column, name, undefined, style, openFields === 0 ? recipe.openChoice : undefined);
      openFields++;
      return undefined;
    },
    isUsed: (column) => used.has(column),
    fillIn(all, word) {
      const event = all.find(({ name, required }) => name === 'event' && required === true);
      if (event === undefined || names.has('event')) return;
      names.add('event');
      fields.push({ name: 'event', style: { const: word }, choose: 'name of the event, the same for every row' });
    },
  };
}

/** What text was decided on for another reason than its looks needs no decision. */
function chooseFor({ choose, guess }: Evidence, style: LongField): string | undefined {
  const isDate = guess.kind === 'date' || guess.kind === 'datetime';
  return isDate && style.type !== 'date' && style.type !== 'datetime' ? undefined : choose;
}
