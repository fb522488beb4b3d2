/** What is known of an opened input. */
import type { BorderRules } from './borders.ts';
import { type Coding, unitSize } from './encodings.ts';
import type { Format } from './sniff.ts';

/** All that parsing a block needs to know of its file. Plain data: it is sent to worker threads. */
export interface SourceDescription {
  /** Index into the run's list of files. */
  readonly index: number;
  /** As the user gave it; `-` is standard input. */
  readonly path: string;
  readonly format: Format;
  /** Encoding of the file, for people. */
  readonly encoding: string;
  /** Encoding of the blocks: that of the file, or UTF-8 when `transcoded`. */
  readonly coding: Exclude<Coding, 'transcoded'>;
  /** The file was turned into UTF-8 on the way in: byte offsets count the UTF-8 text. */
  readonly transcoded: boolean;
  readonly csv?: {
    readonly delimiter: string;
    readonly delimiterDetected: boolean;
    readonly header: readonly string[];
  };
  /** Just behind the header and the byte order mark. */
  readonly dataStart: { readonly byte: number; readonly line: number };
  readonly maxRowBytes: number;
  /** In bytes, when the input was opened; undefined for a stream. */
  readonly size: number | undefined;
}

/** How the border rules of a described source read. */
export const rulesOf = (description: SourceDescription): BorderRules => ({
  format: description.format,
  delimiter: description.csv === undefined ? 0 : description.csv.delimiter.charCodeAt(0),
  maxRow: Math.floor(description.maxRowBytes / unitSize(description.coding)),
});
