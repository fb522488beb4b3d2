/** Where the records of a block stand: read again from its bytes, since hardly a block is ever asked. */
import { grown } from '../model/typed-arrays.ts';
import { type BorderRules, type QuoteFault, type RecordKind, RecordScanner } from './borders.ts';

/** A record of a block, by where it stands in the block's units. */
export interface Located {
  readonly start: number;
  readonly end: number;
  /** Line breaks between the block's start and the record. */
  readonly line: number;
  readonly kind: Exclude<RecordKind, 'blank'>;
  /** When `kind` is `broken`. */
  readonly quoteFault: QuoteFault;
  readonly faultAt: number;
}

/** All records of a block, in order. An object for each would outlive several collections of garbage, so each is made when it is asked for. */
export interface Locations extends Iterable<Located> {
  readonly length: number;
  /** Throws RangeError for a record that is not there. */
  at(index: number): Located;
}

/**
 * Reads a block's borders again. A block ends where its file or one of its lines ends, so every decision comes out as it did when it was cut.
 * @param records that were counted then
 */
export function locate(rules: BorderRules, units: Uint8Array, records: number): Locations {
  const scanner = new RecordScanner(rules);
  const found = new FoundRecords(records);
  let line = 0;
  for (let at = 0; at < units.length; ) {
    const next = scanner.next(units, at, units.length, true);
    const { kind, contentEnd, quoteFault, faultAt } = scanner;
    if (kind === 'too-large') {
      found.addOdd({ start: at, end: units.length, line, kind, quoteFault, faultAt });
      break;
    }
    if (kind === 'broken') found.addOdd({ start: at, end: contentEnd, line, kind, quoteFault, faultAt });
    else if (kind === 'row') found.add(at, contentEnd, line);
    line += scanner.lines;
    at = next;
  }
  return found;
}

class FoundRecords implements Locations {
  /** Three numbers a record: where it starts and ends, and its line. */
  #places: Uint32Array;
  #count = 0;
  /** Records that are no sound rows. */
  readonly #odd = new Map<number, Located>();

  constructor(expected: number) {
    this.#places = new Uint32Array(3 * Math.max(16, expected));
  }

  get length(): number {
    return this.#count;
  }

  add(start: number, end: number, line: number): void {
    const place = 3 * this.#count;
    if (place === this.#places.length) this.#places = grown(this.#places);
    this.#places[place] = start;
    this.#places[place + 1] = end;
    this.#places[place + 2] = line;
    this.#count += 1;
  }

  addOdd(record: Located): void {
    this.#odd.set(this.#count, record);
    this.add(record.start, record.end, record.line);
  }

  at(index: number): Located {
    const odd = this.#odd.get(index);
    if (odd !== undefined) return odd;
    if (!Number.isInteger(index) || index < 0 || index >= this.#count)
      throw new RangeError(`No row ${index} in a block of ${this.#count}`);
    const [start = 0, end = 0, line = 0] = this.#places.subarray(3 * index, 3 * index + 3);
    return { start, end, line, kind: 'row', quoteFault: 'stray', faultAt: 0 };
  }

  *[Symbol.iterator](): Generator<Located> {
    for (let index = 0; index < this.#count; index++) yield this.at(index);
  }
}
