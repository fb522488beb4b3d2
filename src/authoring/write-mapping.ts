/** A draft as the text of a mapping file, with the evidence in comments and a test of its own. */
import { compileConversion } from '../mapping/convert.ts';
import { outputSteps } from '../mapping/output-path.ts';
import { Refusal } from '../mapping/refusal.ts';
import type { LongField } from '../mapping/schema.ts';
import { isJsonObject, type Json, type JsonObject } from '../model/json.ts';
import type { Draft, DraftField, DraftSetting, LeftOut } from './draft.ts';
import type { Evidence } from './infer.ts';
import { madeUp } from './made-up.ts';
import type { Privacy } from './privacy.ts';
import { comment, inline, quoted } from './yaml-text.ts';

export interface Writing {
  /** Of the source, as it stands in the command. */
  readonly file: string;
  /** Where editors find the mapping's JSON Schema, relative to the mapping. */
  readonly schema: string;
  readonly rowsLookedAt: number;
  /** Of the rows in the sample. */
  readonly rowsUnreadable: number;
  readonly rowsInFile: number;
  /** What to type next. */
  readonly commands: readonly string[];
}

/** What stands before every line that a person must decide on. */
export const choosing = 'CHOOSE:';
const filling = 'FILL IN:';

export function writeMapping(draft: Draft, writing: Writing): string {
  const { rowsLookedAt, rowsInFile, commands } = writing;
  const { rowsUnreadable } = writing;
  const looked =
    rowsLookedAt + rowsUnreadable === rowsInFile
      ? `all ${rowsInFile} rows`
      : `${rowsLookedAt + rowsUnreadable} of ${rowsInFile} rows (head, middle, tail)`;
  const unread = rowsUnreadable === 0 ? '' : `, ${rowsUnreadable} of which cannot be read`;
  return [
    `# yaml-language-server: $schema=${writing.schema}`,
    comment(
      `${writing.file} → ${draft.target}: ${draft.operation}. Proposed by \`cdp-load init\` from ${looked}${unread}.`,
    ),
    comment(`Look at each line marked ${choosing.slice(0, -1)} or ${filling.slice(0, -1)}, then:`),
    ...commands.map((command) => comment(`  ${command}`)),
    'version: 1',
    `target: ${quoted(draft.target)}`,
    `operation: ${quoted(draft.operation)}`,
    ...keyLines(draft),
    ...settingLines(draft.settings),
    '',
    `onEmpty: ${quoted(draft.onEmpty)}  ${comment(draft.onEmptyWhy)}`,
    '',
    ...fieldLines(draft),
    '',
    ...testLines(draft),
    '',
  ].join('\n');
}

function keyLines({ key, keyNote }: Draft): string[] {
  if (key !== undefined) return [`key: ${quoted(key)}  ${comment(keyNote ?? '')}`];
  return [comment(`${filling} key: the column that says whom a row is about. None looks like it`)];
}

function settingLines(settings: readonly DraftSetting[]): string[] {
  if (settings.length === 0) return [];
  const lines = settings.flatMap(({ name, value, note, choose, isComment }) => {
    const above = choose === undefined ? [] : [`  ${comment(`${choosing} ${choose}`)}`];
    const behind = note === undefined ? '' : `  ${comment(note)}`;
    if (isComment) return [`  # ${quoted(name)}: ${inline(value)}${behind}`];
    if (!isJsonObject(value)) return [...above, `  ${quoted(name)}: ${inline(value)}${behind}`];
    const inner = Object.entries(value).map(([key, one]) => `    ${quoted(key)}: ${inline(one)}`);
    return [...above, `  ${quoted(name)}:${behind}`, ...inner];
  });
  return ['', settings.every(({ isComment }) => isComment) ? '# settings:' : 'settings:', ...lines];
}

function fieldLines({ fields, missing, leftOut }: Draft): string[] {
  return [
    fields.length === 0 ? 'fields: {}' : 'fields:',
    ...fields.flatMap((field) => [
      ...(field.choose === undefined || field.choose === ''
        ? []
        : [`  ${comment(`${field.evidence === undefined ? filling : choosing} ${field.choose}`)}`]),
      `  ${quoted(field.name)}: ${sourceText(field.style)}${field.evidence === undefined ? '' : `  ${comment(described(field.evidence, field.privacy))}`}`,
    ]),
    ...missing.map(({ name, about }) => `  ${comment(`${filling} ${name}: { from: … } (${about})`)}`),
    ...leftOutTexts(leftOut).map((text) => `  ${comment(text)}`),
  ];
}

const mostNamed = 10;

/** A line for each reason: "left out: id, note: empty in every row looked at". */
export function leftOutTexts(leftOut: readonly LeftOut[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { column, why } of leftOut) byReason.set(why, [...(byReason.get(why) ?? []), column]);
  return [...byReason].map(([why, columns]) => {
    const more = columns.length > mostNamed ? ` and ${columns.length - mostNamed} more` : '';
    return `left out: ${columns.slice(0, mostNamed).join(', ')}${more}: ${why}`;
  });
}

/** A column alone where nothing else is to be said. */
function sourceText(style: LongField): string {
  const { from } = style;
  const isShort = typeof from === 'string' && from !== '' && Object.keys(style).length === 1;
  return isShort ? quoted(from) : inline(style as JsonObject);
}

/** The evidence in a line. Of what is about a person no value is shown. */
export function described(evidence: Evidence, privacy: Privacy | undefined): string {
  const { empty, rows, misfits, trim, emptyWords, why, distinct, guess } = evidence;
  const parts = [kindText(evidence, privacy !== undefined)];
  if (why !== undefined) parts.push(why);
  parts.push(empty === 0 ? 'never empty' : `${percent(empty, rows)} empty`);
  if (guess.kind === 'text' && evidence.values === undefined && distinct > 0) {
    parts.push(distinct === rows ? 'all different' : distinct === 1 ? 'always the same' : `${distinct} different`);
  }
  if (emptyWords.length > 0) parts.push(`${emptyWords.join(', ')} for nothing`);
  if (trim) parts.push('spaces around some');
  if (misfits > 0)
    parts.push(
      `${misfits} ${misfits === 1 ? 'value is not, and its row' : 'values are not, and their rows'} will be rejected`,
    );
  if (privacy !== undefined) parts.push(`personal: ${privacy.why}`);
  return parts.join('; ');
}

function kindText({ guess, least, most, values }: Evidence, isPersonal: boolean): string {
  const range = isPersonal || least === undefined ? '' : least === most ? ` ${least}` : ` ${least} to ${most}`;
  switch (guess.kind) {
    case 'text':
      if (values !== undefined && !isPersonal)
        return values.length === 1 ? `always ${values[0]}` : `one of ${values.join(', ')}`;
      return least === undefined
        ? 'text'
        : `text of ${least === most ? least : `${least} to ${most}`} character${most === '1' ? '' : 's'}`;
    case 'integer':
      return `integers${range}`;
    case 'number':
      return `numbers${range}`;
    case 'boolean':
      return `${guess.trueWord ?? 'true'} or ${guess.falseWord ?? 'false'}`;
    case 'email':
      return 'e-mail addresses';
    case 'date':
      return `dates${range}`;
    case 'datetime':
      return `times${range}`;
    case 'list':
      return guess.separator === undefined ? 'lists' : `lists parted by ${guess.separator}`;
    case 'json':
      return 'JSON';
    default:
      return 'empty';
  }
}

const percent = (part: number, whole: number): string => {
  const share = (part / whole) * 100;
  return share < 1 ? 'under 1 %' : share > 99 ? 'over 99 %' : `${Math.round(share)} %`;
};

function testLines(draft: Draft): string[] {
  const row: JsonObject = {};
  const gives: JsonObject = {};
  for (const field of draft.fields) {
    const { from } = field.style;
    const column = typeof from === 'string' ? from : undefined;
    if (column !== undefined && !hasPath(row, column, draft.isNdjson)) {
      putAt(row, draft.isNdjson ? column.split('.') : [column], madeUp(field, draft.isNdjson));
    }
    const value = converted(field, column === undefined ? null : valueAt(row, column, draft.isNdjson));
    if (value !== undefined) putAt(gives, outputSteps(field.name) ?? [field.name], value);
  }
  if (draft.fields.length === 0) return [];
  return [
    'tests:',
    `  - name: a row with everything  ${comment('made up')}`,
    ...(draft.isNdjson ? ['    input: ndjson'] : []),
    '    row:',
    ...Object.entries(row).map(([column, value]) => `      ${quoted(column)}: ${inline(value)}`),
    '    gives:',
    ...Object.entries(gives).map(([name, value]) => `      ${quoted(name)}: ${inline(value)}`),
  ];
}

/** What the loader itself makes of the value. */
function converted({ name, style }: DraftField, value: Json): Json | undefined {
  if (style.const !== undefined) return style.const as Json;
  const { from: _from, const: _const, default: _default, each: _each, map: _map, ...rest } = style;
  const nobody = () => {};
  const { fromText, fromJson } = compileConversion({ ...rest, name, steps: [name] }, nobody, nobody);
  const result = typeof value === 'string' ? fromText(value) : fromJson(value);
  return result instanceof Refusal ? undefined : result;
}

function putAt(object: JsonObject, steps: readonly string[], value: Json): void {
  const [first = '', ...rest] = steps;
  if (rest.length === 0) {
    object[first] = value;
    return;
  }
  const inner = Object.hasOwn(object, first) ? object[first] : undefined;
  const next: JsonObject = isJsonObject(inner) ? inner : {};
  object[first] = next;
  putAt(next, rest, value);
}

function valueAt(row: JsonObject, column: string, isNdjson: boolean): Json {
  let value: Json = row;
  for (const step of isNdjson ? column.split('.') : [column]) {
    if (!isJsonObject(value) || !Object.hasOwn(value, step)) return null;
    value = value[step] ?? null;
  }
  return value;
}

const hasPath = (row: JsonObject, column: string, isNdjson: boolean): boolean =>
  valueAt(row, column, isNdjson) !== null;
