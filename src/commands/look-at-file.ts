/** What `init` sees of a file: a sample of its rows, in the encoding that it has. */
import { stat } from 'node:fs/promises';
import { authoringError } from '../authoring/codes.ts';
import { isOtherEncoding, unreadable } from '../authoring/file-doubts.ts';
import { type Sample, sampleBlockBytes, takeSample } from '../authoring/take-sample.ts';
import { openSource, type SourceOptions } from '../input/source.ts';
import { UserError } from '../model/fault.ts';
import type { InputFlags } from './flags.ts';

export interface Seen extends Sample {
  /** Of a CSV file. */
  readonly header: readonly string[] | undefined;
  readonly encoding: string;
  /** Nobody named the encoding, and the file is not UTF-8. */
  readonly isGuess: boolean;
}

/** What a file is in Western Europe and America when it is not UTF-8: Excel and older systems write it. */
const usualOther = 'windows-1252';

/** @throws UserError for a file that cannot be read, or of which no row can be */
export async function lookAtFile(file: string, flags: InputFlags): Promise<Seen> {
  const { format, delimiter, encoding, maxRowSize, limit } = flags;
  const options = { format, delimiter, encoding, maxRowBytes: maxRowSize, blockBytes: sampleBlockBytes };
  const asked = await sampleOf(file, options, limit).catch((error: unknown) => {
    if (encoding === undefined && error instanceof UserError && error.code === 'header-undecodable') return undefined;
    throw error;
  });
  const isOther = encoding === undefined && (asked === undefined || isOtherEncoding(asked.rows));
  const seen =
    asked === undefined || isOther ? await sampleOf(file, { ...options, encoding: usualOther }, limit) : asked;
  const trouble = unreadable(seen.rows, file, seen.header !== undefined);
  if (trouble !== undefined) throw trouble;
  return { ...seen, isGuess: isOther };
}

async function sampleOf(
  file: string,
  options: SourceOptions,
  limit: number | undefined,
): Promise<Omit<Seen, 'isGuess'>> {
  const source = await openSource(file, 0, options);
  try {
    if (!(await stat(file)).isFile()) {
      throw authoringError('init-input', `${file} cannot be read twice.`, 'Put what it gives in a file first.');
    }
    const { csv, encoding } = source.description;
    return { ...(await takeSample(source, limit)), header: csv?.header, encoding };
  } finally {
    await source.close();
  }
}
