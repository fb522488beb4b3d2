/**
 * Lines of JSON that look alike: the same keys in the same order and spacing, with values that need no parser (texts, short numbers, true, false,
 * null). That is what exports are. V8 compiles their form, a regular expression, to machine code that takes all values out of a line in one pass;
 * `JSON.parse` looks up each short text in a table of strings besides. It is asked for each text with escapes, and for all that does not fit exactly.
 */
import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../model/json.ts';
import { Tuple, type TupleForm } from './tuple.ts';

export interface UniformReader {
  /** What `JSON.parse` would make of `line`; undefined where that has to be asked. */
  read(line: string): Tuple | undefined;
  /** Is told what a line that could not be read was parsed to, and may take its form for that of the lines that follow. */
  missed(line: string, value: JsonObject): void;
}

interface Form extends TupleForm {
  readonly pattern: RegExp;
}

interface Forms {
  /** Of lines without a backslash. */
  readonly plain: Form;
  /** Of lines with one: which escapes there are is not looked at, so it takes all values out. Undefined where it would be too long. */
  escaping(): Form | undefined;
}

/** What lines have in common. */
interface Layout {
  readonly keys: readonly string[];
  readonly spacing: Spacing;
}

/** What may stand under a key. */
type Kind = 'text' | 'bare' | 'any';

/** Learning costs more than parsing: lines that all differ must not pay for it each time. */
const firstPatience = 8;
const longestPatience = 8192;
/** A form that has read so many lines was worth its learning. */
const worthwhile = 100;
/** One line of so many may be another than all before it; where more are, looking twice costs more than it saves. */
const linesAStray = 16;
/**
 * With escapes: a regular expression remembers each as a place to come back to. V8 has room for some four million of them and throws where there are more.
 */
const longestEscaped = 1_000_000;
/** Some 200 keys. V8 compiles a longer pattern with less care, and one that is much longer not at all. */
const longestPattern = 20_000;

/** @param wanted keys that will be asked for, if not all are: it is quicker to leave the others in the line */
export function createUniformReader(wanted?: ReadonlySet<string>): UniformReader {
  let learned: LearnedForm | undefined;
  let linesRead = 0;
  let missesInARow = 0;
  /** So many lines in a row must miss before another form is learned. */
  let patience = 0;

  return {
    read(line) {
      const tuple = learned?.read(line);
      if (tuple === undefined) return undefined;
      missesInARow = 0;
      linesRead += 1;
      if (linesRead === worthwhile) patience = firstPatience;
      return tuple;
    },
    missed(line, value) {
      missesInARow += 1;
      if (missesInARow <= patience) return;
      missesInARow = 0;
      linesRead = 0;
      patience = Math.min(longestPatience, Math.max(firstPatience, patience * 2));
      const layout = learn(line, value);
      if (layout !== undefined) learned = new LearnedForm(layout, wanted);
    },
  };
}

/**
 * A form, and once it has read some lines a narrower one: of lines that have under each key the kind of value that those had. That is read
 * in less time; what does not fit it may still fit the other.
 */
class LearnedForm {
  readonly #layout: Layout;
  readonly #wanted: ReadonlySet<string> | undefined;
  readonly #wide: Forms | undefined;
  #narrow: Forms | undefined;
  /** Until there is a narrow one. */
  #seen: KindsSeen | undefined;
  #linesRead = 0;
  #strays = 0;

  constructor(layout: Layout, wanted: ReadonlySet<string> | undefined) {
    this.#layout = layout;
    this.#wanted = wanted;
    this.#wide = formsOf(layout, anyKinds(layout), wanted);
    this.#seen = new KindsSeen(layout);
  }

  read(line: string): Tuple | undefined {
    if (this.#narrow !== undefined) {
      const close = readAs(this.#narrow, line);
      this.#linesRead += 1;
      if (close !== undefined) return close;
      this.#strays += 1;
      if (this.#strays * linesAStray > this.#linesRead) this.#narrow = undefined;
    }
    const tuple = this.#wide && readAs(this.#wide, line);
    if (tuple !== undefined && this.#seen !== undefined) this.#narrowBy(tuple, this.#seen);
    return tuple;
  }

  #narrowBy(tuple: Tuple, seen: KindsSeen): void {
    this.#linesRead += 1;
    seen.add(tuple);
    if (this.#linesRead < worthwhile) return;
    this.#seen = undefined;
    if (seen.kinds.some((kind) => kind !== 'any')) this.#narrow = formsOf(this.#layout, seen.kinds, this.#wanted);
  }
}

/** Which kinds of values have stood under each key. */
class KindsSeen {
  readonly #texts: boolean[];
  readonly #bares: boolean[];

  constructor({ keys }: Layout) {
    this.#texts = keys.map(() => false);
    this.#bares = keys.map(() => false);
  }

  add(tuple: Tuple): void {
    const { texts, bares } = tuple.form;
    for (const [index, place] of texts.entries()) {
      if (place !== 0 && tuple.text(place) !== undefined) this.#texts[index] = true;
      else if (bares[index] !== 0) this.#bares[index] = true;
    }
  }

  /** Of what was left in the line nothing was seen, or only where a line had escapes. */
  get kinds(): readonly Kind[] {
    return this.#texts.map((isText, index) => (isText === this.#bares[index] ? 'any' : isText ? 'text' : 'bare'));
  }
}

function readAs(forms: Forms, line: string): Tuple | undefined {
  const hasEscapes = line.includes('\\');
  if (hasEscapes && line.length > longestEscaped) return undefined;
  const form = hasEscapes ? forms.escaping() : forms.plain;
  if (form === undefined) return undefined;
  const { pattern } = form;
  pattern.lastIndex = 0;
  const found = pattern.exec(line);
  if (found === null || pattern.lastIndex !== line.length) return undefined;
  return hasEscapes && !resolveEscapes(found, form.texts) ? undefined : new Tuple(form, found);
}

/** Puts in what the texts at these places stand for. False where one is no JSON, or holds half of a surrogate pair. */
function resolveEscapes(found: string[], places: readonly number[]): boolean {
  for (const place of places) {
    const text = place === 0 ? undefined : found[place];
    if (!text?.includes('\\')) continue;
    const meant = textOf(text);
    if (meant === undefined || !meant.isWellFormed()) return false;
    found[place] = meant;
  }
  return true;
}

function textOf(escaped: string): string | undefined {
  try {
    return JSON.parse(`"${escaped}"`) as string;
  } catch {
    return undefined;
  }
}

/** Between two members, and between a key and its value. */
type Spacing = readonly [comma: string, colon: string];

/** As JavaScript's `JSON.stringify` writes, as Python's `json.dumps` does. */
const spacings: readonly Spacing[] = [
  [',', ':'],
  [', ', ': '],
];

/** Not so long that it might have more digits than any double keeps. */
const shortNumber = String.raw`(?![0-9.-]{16})-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?`;
type Patterns = Readonly<Record<Kind, string>>;
/** @param open begins a group: one that takes out what stands in it, or one that does not */
function patternsOf(inText: string, open: '(' | '(?:'): Patterns {
  const text = `"${open}${inText})"`;
  const bare = `${open}${shortNumber}|true|false|null)`;
  return { text, bare, any: `(?:${text}|${bare})` };
}

interface Spelling {
  readonly taken: Patterns;
  readonly left: Patterns;
}
const spellingOf = (inText: string): Spelling => ({ taken: patternsOf(inText, '('), left: patternsOf(inText, '(?:') });
const plainly = spellingOf(String.raw`[^"\\\x00-\x1f]*`);
const withEscapes = spellingOf(String.raw`[^"\\\x00-\x1f]*(?:\\.[^"\\\x00-\x1f]*)*`);

/** Undefined for a line that reading by its form would not give back. */
function learn(line: string, value: JsonObject): Layout | undefined {
  const keys = Object.keys(value);
  for (const spacing of spacings) {
    const layout = { keys, spacing };
    const forms = formsOf(layout, anyKinds(layout));
    if (forms === undefined) return undefined;
    if (isDeepStrictEqual(readAs(forms, line)?.object, value)) return layout;
  }
  return undefined;
}

const anyKinds = ({ keys }: Layout): readonly Kind[] => keys.map(() => 'any');

/** Undefined where a pattern would be too long. */
function formsOf(layout: Layout, kinds: readonly Kind[], wanted?: ReadonlySet<string>): Forms | undefined {
  const plain = formOf(layout, kinds, plainly, wanted);
  return plain && { plain, escaping: once(() => formOf(layout, kinds, withEscapes)) };
}

function formOf(
  { keys, spacing: [comma, colon] }: Layout,
  kinds: readonly Kind[],
  { taken, left }: Spelling,
  wanted?: ReadonlySet<string>,
): Form | undefined {
  const texts: number[] = [];
  const bares: number[] = [];
  const members: string[] = [];
  let places = 0;
  for (const [index, key] of keys.entries()) {
    const kind = kinds[index] ?? 'any';
    const isWanted = wanted === undefined || wanted.has(key);
    texts.push(!isWanted || kind === 'bare' ? 0 : ++places);
    bares.push(!isWanted || kind === 'text' ? 0 : ++places);
    members.push(`${literally(JSON.stringify(key) + colon)}${(isWanted ? taken : left)[kind]}`);
  }
  const source = String.raw`\{${members.join(comma)}\}`;
  if (source.length > longestPattern) return undefined;
  const isWhole = wanted === undefined || keys.every((key) => wanted.has(key));
  return { keys, texts, bares, isWhole, pattern: new RegExp(source, 'y') };
}

/** Most lines have no escape, and a pattern takes a while to make. */
function once<Made>(make: () => Made): () => Made {
  let made: { readonly it: Made } | undefined;
  return () => {
    made ??= { it: make() };
    return made.it;
  };
}

const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
