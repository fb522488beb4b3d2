/**
 * Which of many hashes came before, however many there are: as long as they fit into memory it is told at once. When they no longer do, all
 * are put aside on disk, and looked at in the end.
 */
import { setImmediate } from 'node:timers/promises';
import { KeySet } from './key-set.ts';
import { PairsAside } from './put-aside.ts';

export interface Repeated {
  /** Hashes that had come before. */
  readonly count: number;
  /** "people.csv:12": where the first of them stands. */
  readonly first: string | undefined;
  /** Hashes that were looked for among those before them. */
  readonly compared: number;
  /** Hashes that were not, because the disk did not hold them or give them back, or there was no time; absent: there are none. */
  readonly missed?: { readonly count: number; readonly first: string; readonly why: string };
}

export interface RepetitionsOptions {
  /** Where a hash should come but once. */
  readonly within: 'file' | 'input';
  /** To put aside in; made if absent. */
  readonly folder: string;
  /** Of the table in memory: a power of two from 4 on, 8 bytes each. */
  readonly mostSlots?: number | undefined;
}

/** 1.4 million hashes in 16 MB. */
const defaultMostSlots = 1 << 21;
/** Of what is read back a part at a time: more than any input has. */
const mostSlotsOfShare = 1 << 26;

/** A place in the input is one number, so that the first of two is the smaller: its file's, times so many, and its line. */
const linesOfFile = 2 ** 32;

export class Repetitions {
  readonly #options: RepetitionsOptions;
  readonly #files: string[] = [];
  /** Until there are too many. */
  #known: KeySet | undefined;
  /** From then on, unless the disk failed. */
  #aside: PairsAside | undefined;
  #failure: string | undefined;
  #count = 0;
  #compared = 0;
  #first = Number.POSITIVE_INFINITY;
  /** Hashes that were still to be compared when they were put aside, and the place of the first. */
  #toCompare = 0;
  #firstToCompare = 0;

  constructor(options: RepetitionsOptions) {
    this.#options = options;
    this.#known = new KeySet(options.mostSlots ?? defaultMostSlots);
  }

  /** What is added from now on stands in this file. */
  enter(file: string): void {
    if (this.#options.within === 'file' && this.#files.length > 0) this.#known?.clear();
    this.#files.push(file);
  }

  /**
   * @param hash of up to 53 bits, not 0; in the order of the input
   * @param lineOf the row's line, asked for only where it is needed
   */
  add(hash: number, row: number, lineOf: (row: number) => number): void {
    const found = this.#known?.add(hash) ?? 'full';
    if (found === 'full') {
      this.#compareLater(hash, this.#placeOf(lineOf(row)));
      return;
    }
    this.#compared += 1;
    if (found === 'new') return;
    this.#count += 1;
    if (this.#first === Number.POSITIVE_INFINITY) this.#first = this.#placeOf(lineOf(row));
  }

  /**
   * Looks at what was put aside. To be called once, when all have been added.
   * @param interrupt what was not looked at by then is missed
   */
  async finish(interrupt?: AbortSignal): Promise<Repeated> {
    if (this.#aside !== undefined) await this.#compareAside(this.#aside, interrupt);
    const first = this.#first === Number.POSITIVE_INFINITY ? undefined : this.#textOf(this.#first);
    const found = { count: this.#count, first, compared: this.#compared };
    if (this.#failure === undefined) return found;
    const missed = { count: this.#toCompare, first: this.#textOf(this.#firstToCompare), why: this.#failure };
    return { ...found, missed };
  }

  #compareLater(hash: number, place: number): void {
    if (this.#toCompare === 0) this.#firstToCompare = place;
    this.#toCompare += 1;
    if (this.#failure !== undefined) return;
    try {
      this.#aside ??= new PairsAside(this.#options.folder);
      this.#putAside(this.#aside);
      this.#aside.add(hash, place);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** All that is known: it came before what follows, and no two of it are the same. */
  #putAside(aside: PairsAside): void {
    if (this.#known === undefined) return;
    const place = this.#placeOf(0);
    for (const hash of this.#known) aside.add(hash, place);
    this.#known.free();
    this.#known = undefined;
  }

  async #compareAside(aside: PairsAside, interrupt: AbortSignal | undefined): Promise<void> {
    const known = new KeySet(mostSlotsOfShare);
    let count = 0;
    let first = this.#first;
    try {
      const nextShare = async () => {
        known.clear();
        await setImmediate();
        if (interrupt?.aborted) throw new Error('the run was interrupted');
      };
      await aside.read(nextShare, (hash, place) => {
        if (known.add(this.#apart(hash, place)) === 'new') return;
        count += 1;
        first = Math.min(first, place);
      });
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#close();
    this.#count += count;
    this.#compared += this.#toCompare;
    this.#first = first;
  }

  /** The load goes on without: it is only a look at the input. */
  #fail(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error);
    this.#close();
  }

  #close(): void {
    this.#aside?.close();
    this.#aside = undefined;
  }

  /** Hashes of different files as different ones, where they have nothing to do with each other. */
  #apart(hash: number, place: number): number {
    if (this.#options.within === 'input') return hash;
    const shift = Math.floor(place / linesOfFile) * 0x9e3779b1;
    return hash > shift ? hash - shift : hash - shift + 2 ** 53;
  }

  #placeOf(line: number): number {
    return (this.#files.length - 1) * linesOfFile + line;
  }

  #textOf(place: number): string {
    return `${this.#files[Math.floor(place / linesOfFile)] ?? ''}:${place % linesOfFile}`;
  }
}
