/**
 * YAML to plain data, each value with its place. The walk over the document is our own rather than the library's
 * `toJS`, because a mapping is input like any other: aliases are followed within a budget (a "billion laughs" file ends
 * in a complaint), a key that stands twice is refused, and the written form of numbers is kept, so that `00123` in a
 * test's row is the text that a CSV cell would hold.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Scalar } from 'yaml';
import { isPlainObject } from '../model/json.ts';
import { type Complaint, type Path, type Place, pointer, quote } from './complaint.ts';

const mostNodes = 100_000;
const deepest = 64;

export interface ReadYaml {
  /** Objects, lists, strings, numbers, booleans, null. */
  readonly data: unknown;
  readonly keys: Record<string, Place>;
  readonly values: Record<string, Place>;
  /** By pointer: plain scalars that are not text, as they are written in the file. */
  readonly written: Record<string, string>;
  readonly complaints: Complaint[];
}

/** Where a plain word is text, though YAML takes it for something else: `onEmpty: null`, `trueWords: [1, true]`. */
function isWordPath(path: Path): boolean {
  const inEntry = path[0] === 'items' ? path.slice(2) : path;
  if (inEntry.length === 1) return inEntry[0] === 'onEmpty';
  if (inEntry[0] !== 'fields') return false;
  const inField = inEntry.slice(2);
  // The fields of a group's rows are fields like others.
  const [each, inner] = inField;
  const [key, , ...deeper] = each === 'each' ? inField.slice(inner === 'fields' ? 3 : 2) : inField;
  return deeper.length === 0 && wordKeys.has(key);
}
const wordKeys = new Set<string | number | undefined>(['onEmpty', 'emptyWords', 'trueWords', 'falseWords', 'values']);

export function readYaml(text: string): ReadYaml {
  const lines = new LineCounter();
  // The library looks for keys that stand twice in quadratic time; the walk below does it in linear time.
  const document = parseDocument(text, {
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    intAsBigInt: true,
    merge: false,
  });
  const found: ReadYaml = { data: undefined, keys: {}, values: {}, written: {}, complaints: [] };
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return [line, col];
  };
  if (document.errors.length > 0) {
    document.errors.forEach((error, index) => {
      const key = `error ${index}`;
      found.values[pointer([key])] = place(error.pos[0]);
      found.complaints.push({ path: [key], text: syntaxText(error.message) });
    });
    return found;
  }
  return { ...found, data: new Walk(found, place).value(document.contents, [], 0) };
}

const syntaxText = (message: string): string =>
  message.startsWith('Maximum call stack')
    ? 'nested too deeply to be read'
    : message.startsWith('Tabs are not allowed')
      ? 'not valid YAML: a line begins with a tab: use spaces'
      : `not valid YAML: ${(message.split('\n')[0] ?? '').replace(/^\S/, (first) => first.toLowerCase())}`;

class Walk {
  readonly #found: ReadYaml;
  readonly #place: (offset: number) => Place;
  readonly #anchors = new Map<string, Node>();
  /** Nodes that are being walked: an alias to one of them would never end. */
  readonly #open = new Set<Node>();
  #nodes = 0;

  constructor(found: ReadYaml, place: (offset: number) => Place) {
    this.#found = found;
    this.#place = place;
  }

  value(node: Node | null | undefined, path: Path, depth: number): unknown {
    this.#nodes++;
    if (this.#nodes > mostNodes) {
      if (this.#nodes === mostNodes + 1) this.#complain([], `more than ${mostNodes} values once aliases are followed`);
      return undefined;
    }
    if (node === null || node === undefined) return null;
    const key = pointer(path);
    if (node.range && this.#found.values[key] === undefined) this.#found.values[key] = this.#placeOf(node);
    if (depth > deepest) {
      this.#complain(path, `nested more than ${deepest} deep`);
      return undefined;
    }
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) return this.#complain(path, `no anchor "&${node.source}" stands before this alias`);
      if (this.#open.has(target))
        return this.#complain(path, `the alias "*${node.source}" stands inside what it names`);
      return this.value(target, path, depth + 1);
    }
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    if (isScalar(node)) return this.#scalar(node, path);
    this.#open.add(node);
    const result = isSeq(node)
      ? node.items.map((item, index) => this.value(item as Node | null, [...path, index], depth + 1))
      : isMap(node)
        ? this.#map(node.items as Pair<Node, Node | null>[], path, depth)
        : undefined;
    this.#open.delete(node);
    return result;
  }

  #placeOf(node: Node): Place {
    const [line, column] = this.#place(node.range?.[0] ?? 0);
    if (!isScalar(node)) return [line, column];
    if (node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE') return [line, column, 'quoted'];
    return node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED' ? [line, column, 'block'] : [line, column];
  }

  #scalar(node: Scalar, path: Path): unknown {
    const { value } = node;
    if (typeof value === 'string')
      return value.isWellFormed()
        ? value
        : this.#complain(path, 'the text holds half of a character (\\ud800 to \\udfff)');
    const source = node.source ?? '';
    this.#found.written[pointer(path)] = source;
    if (source !== '' && isWordPath(path)) return source;
    if (typeof value !== 'bigint') return value;
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    return this.#complain(path, `a number of so many digits would be rounded: put it in quotes (with type: integer)`);
  }

  #map(pairs: readonly Pair<Node, Node | null>[], path: Path, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const merges: (Node | null)[] = [];
    for (const pair of pairs) {
      const { key: keyNode } = pair;
      const name = isScalar(keyNode) ? keyText(keyNode) : undefined;
      if (name === undefined) {
        this.#complain(path, 'a key must be plain text');
        continue;
      }
      const inner = [...path, name];
      const key = pointer(inner);
      if (!name.isWellFormed()) {
        this.#complain(path, 'a key holds half of a character (\\ud800 to \\udfff)');
        continue;
      }
      if (name === '__proto__') {
        this.#complain(path, 'no key may be called __proto__');
        continue;
      }
      if (name === '<<' && isScalar(keyNode) && keyNode.type === 'PLAIN') {
        merges.push(pair.value);
        continue;
      }
      const place = keyNode.range ? this.#place(keyNode.range[0]) : undefined;
      if (Object.hasOwn(result, name)) {
        const first = this.#found.keys[key]?.[0];
        const slot = [...path, `${name} again`];
        if (place) this.#found.keys[pointer(slot)] = place;
        const says = `${quote(name)} stands here a second time${first === undefined ? '' : ` (first in line ${first})`}`;
        this.#found.complaints.push({ path: slot, text: says, atKey: true });
        continue;
      }
      if (place) this.#found.keys[key] ??= place;
      result[name] = this.value(pair.value, inner, depth + 1);
    }
    // Last, because what is written out wins over what is merged in, wherever the "<<" stands: its values and its places.
    for (const node of merges) this.#merge(node, path, depth, result);
    return result;
  }

  /** The merged pairs get the path they end up at, so that a complaint about one names the fragment's own line. */
  #merge(node: Node | null, path: Path, depth: number, result: Record<string, unknown>): void {
    for (const source of isSeq(node) ? (node.items as Node[]) : [node]) {
      const from = this.value(source, path, depth + 1);
      if (!isPlainObject(from)) this.#complain(path, '"<<" merges maps only');
      else for (const name of Object.keys(from)) if (!Object.hasOwn(result, name)) result[name] = from[name];
    }
  }

  #complain(path: Path, text: string): undefined {
    this.#found.complaints.push({ path, text });
    return undefined;
  }
}

/** A key as it is written: `1:` and `true:` are the texts "1" and "true", as a CSV cell would hold them. */
const keyText = (node: Scalar): string | undefined =>
  typeof node.value === 'string' ? node.value : node.source === undefined ? undefined : node.source;
