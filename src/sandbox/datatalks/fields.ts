/** What the mapping of a data point type demands of a record (contract §6 and §10, step 5). */

export interface Mapping {
  readonly hardId: readonly string[];
  readonly fields: readonly MappedField[];
}

export interface MappedField {
  readonly source: string;
  readonly type: string;
  readonly optional: boolean;
  /** Pattern of a date or datetime; `text` or `number` of a decimal. */
  readonly format?: string | undefined;
}

/** A number as its digits. */
export type Digits = { readonly rawJSON: string };

/** Everything that is wrong with a record. Fields the mapping does not have are no problem: they are dropped unsaid. */
export function problemsOf(data: Readonly<Record<string, unknown>>, mapping: Mapping): string[] {
  const problems: string[] = [];
  for (const field of mapping.fields) {
    const { source } = field;
    const isHardId = mapping.hardId.includes(source);
    const value = Object.hasOwn(data, source) ? data[source] : undefined;
    if (value === undefined) {
      if (isHardId) problems.push(`The Hard-ID attribute '${source}' is missing.`);
      else if (!field.optional) problems.push(`The attribute '${source}' is missing and is not optional.`);
    } else if (value === null) {
      if (isHardId) problems.push(`The Hard-ID attribute '${source}' is null.`);
    } else if (value === '' && field.type !== 'string') {
      problems.push(`The attribute '${source}' is an empty string, which is only possible for strings.`);
    } else {
      const problem = valueProblem(value, field);
      if (problem !== undefined) problems.push(`The attribute '${source}' ${problem}.`);
    }
  }
  return problems;
}

/** What is stored: every mapped field, null where an optional one was left out (contract §5, trap 3). */
export const mappedPart = (data: Readonly<Record<string, unknown>>, mapping: Mapping): Record<string, unknown> =>
  Object.fromEntries(
    mapping.fields.map(({ source }) => [source, Object.hasOwn(data, source) ? (data[source] ?? null) : null]),
  );

function valueProblem(value: unknown, field: MappedField): string | undefined {
  switch (field.type) {
    case 'string':
      return typeof value === 'string' ? undefined : 'is not a string';
    case 'integer':
      return isWhole(value) ? undefined : 'is not an integer';
    case 'decimal':
      return isDecimal(value, field.format) ? undefined : 'is not a decimal';
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'is not a boolean';
    case 'date':
      return typeof value === 'string' && isMoment(value, field.format ?? 'yyyy-MM-dd')
        ? undefined
        : 'is not a date in the expected format';
    case 'datetime':
      return typeof value === 'string' && isMoment(value, field.format ?? 'yyyy-MM-dd HH:mm:ss')
        ? undefined
        : 'is not a datetime in the expected format';
    case 'email':
      return typeof value === 'string' && isEmail(value) ? undefined : 'is not a valid email address';
    case 'list<string>':
      return Array.isArray(value) && value.every((element) => typeof element === 'string')
        ? undefined
        : 'is not a list of strings';
    default:
      return `has the unknown type ${field.type} in the mapping`;
  }
}

const digitsOf = (value: unknown): string | undefined =>
  typeof value === 'number'
    ? String(value)
    : typeof value === 'object' && value !== null && 'rawJSON' in value
      ? String(value.rawJSON)
      : undefined;

const isWhole = (value: unknown): boolean => /^-?\d+$/.test(digitsOf(value) ?? '');

function isDecimal(value: unknown, format: string | undefined): boolean {
  if (typeof value === 'string') return format !== 'number' && /^-?\d+(\.\d+)?$/.test(value);
  return format !== 'text' && digitsOf(value) !== undefined;
}

/** Letters of a pattern against digits of a text, place by place; then the calendar is asked. */
function isMoment(text: string, pattern: string): boolean {
  if (text.length !== pattern.length) return false;
  const read: Record<string, string> = { y: '', M: '', d: '', H: '', m: '', s: '' };
  for (let i = 0; i < pattern.length; i++) {
    const letter = pattern.charAt(i);
    const came = text.charAt(i);
    if (letter in read) {
      if (came < '0' || came > '9') return false;
      read[letter] += came;
    } else if (came !== letter) return false;
  }
  const number = (letter: string) => Number(read[letter] || '0');
  // The calendar turns the 30th of February into the 1st of March: the month must come back as it went in.
  const date = new Date(0);
  date.setUTCFullYear(number('y'), number('M') - 1, number('d'));
  return (
    number('y') > 0 &&
    date.getUTCMonth() === number('M') - 1 &&
    number('H') < 24 &&
    number('m') < 60 &&
    number('s') < 60
  );
}

const localMarks = ".!#$%&'*+/=?^_`{|}~-";

/** The rule of contract §6, one sentence of it after the other. */
export function isEmail(address: string): boolean {
  const parts = address.split('@');
  const [local = '', domain = ''] = parts;
  if (parts.length !== 2) return false;
  if (local.length < 1 || local.length > 64 || domain.length < 1 || domain.length > 253) return false;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false;
  for (const mark of local) if (!isAsciiLetter(mark) && !isDigit(mark) && !localMarks.includes(mark)) return false;
  const labels = domain.split('.');
  if (labels.length < 2) return false;
  for (const label of labels) {
    if (label === '' || label.startsWith('-') || label.endsWith('-')) return false;
    for (const mark of label) if (!isAsciiLetter(mark) && !isDigit(mark) && mark !== '-') return false;
  }
  const top = labels.at(-1) ?? '';
  return top.length >= 2 && [...top].every(isAsciiLetter);
}

const isAsciiLetter = (mark: string): boolean => (mark >= 'a' && mark <= 'z') || (mark >= 'A' && mark <= 'Z');
const isDigit = (mark: string): boolean => mark >= '0' && mark <= '9';
