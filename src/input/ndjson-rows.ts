/**
 * NDJSON blocks to rows: one `JSON.parse` a line, or less where lines look alike. Lines that could lose something in it (numbers
 * with more digits than a double keeps, halves of surrogate pairs, nesting that would overflow a stack further on) are told by cheap
 * tests over the whole block and read with more care.
 */
import type { Block } from '../model/block.ts';
import { isJsonObject, type Json, type JsonObject, parseKeepingDigits } from '../model/json.ts';
import { deepestJson, isTooDeep, isWellFormedJson, mayHoldHalves } from '../model/json-bounds.ts';
import { inputFault } from './codes.ts';
import { type Decoder, textWithEscapes } from './decode.ts';
import { rulesOf, type SourceDescription } from './description.ts';
import { unitSize, unitsOf } from './encodings.ts';
import { feedLinesOf } from './lines.ts';
import { type Located, type Locations, locate } from './locate.ts';
import { hasDigitRun, mayHoldLongExponent } from './long-numbers.ts';
import { inBlock, keptOfTooLarge, mustAgree, type ParsedBlock, RowFault, tooLarge, undecodable } from './rows.ts';
import type { Tuple } from './tuple.ts';
import { createUniformReader } from './uniform-lines.ts';

/** @param wanted keys that will be asked for, if not all are */
export function ndjsonParser(
  description: SourceDescription,
  decoder: Decoder,
  wanted?: ReadonlySet<string>,
): (block: Block) => ParsedBlock {
  const { coding, maxRowBytes, encoding } = description;
  const rules = rulesOf(description);
  const unit = unitSize(coding);
  const uniform = createUniformReader(wanted);

  const readWhole = (block: Block): ((index: number) => JsonObject | Tuple | RowFault) | undefined => {
    // Only in a larger block can a row be over the limit.
    const utf8 = block.bytes.length > maxRowBytes ? undefined : decoder.utf8(block.bytes);
    if (utf8 === undefined) return undefined;
    const lines = feedLinesOf(utf8, isBlank, block.records);
    mustAgree(block, lines.count);
    let care: Care | undefined;
    return (index) => {
      const line = lines.line(index);
      const known = uniform.read(line);
      if (known !== undefined) return known;
      care ??= { numbers: hasDigitRun(utf8), surrogates: utf8.includes('\\u') };
      const row = readLine(line, care);
      if (!(row instanceof RowFault)) uniform.missed(line, row);
      return row;
    };
  };

  const readApart = (block: Block): ((index: number) => JsonObject | RowFault) => {
    const rows = Array.from(locate(rules, unitsOf(block.bytes, coding), block.records), (record) => {
      if (record.kind === 'too-large') return tooLarge(maxRowBytes);
      const bytes = block.bytes.subarray(record.start * unit, record.end * unit);
      const line = decoder.text(bytes);
      if (line === undefined) return undecodable(decoder, bytes, block.startByte + record.start * unit, encoding);
      return readLine(line, { numbers: true, surrogates: true });
    });
    mustAgree(block, rows.length);
    return (index) => inBlock(rows, index);
  };

  return (block) => {
    let located: Locations | undefined;
    const at = (index: number): Located => {
      located ??= locate(rules, unitsOf(block.bytes, coding), block.records);
      return located.at(index);
    };
    const row = readWhole(block) ?? readApart(block);
    return {
      length: block.records,
      row,
      position: (index) => ({ line: block.startLine + at(index).line, byte: block.startByte + at(index).start * unit }),
      source(index) {
        const { start, end, kind } = at(index);
        const bytes = block.bytes.subarray(start * unit, end * unit);
        if (kind === 'too-large')
          return { kind: 'text', text: `${textWithEscapes(decoder, bytes.subarray(0, keptOfTooLarge))}…` };
        return { kind: isReadable(row(index)) ? 'json' : 'text', text: textWithEscapes(decoder, bytes) };
      },
    };
  };
}

const space = 32;
const tab = 9;
const carriageReturn = 13;

/** Blank as {@link RecordScanner} sees it. */
function isBlank(utf8: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = utf8[at];
    if (byte !== space && byte !== tab && byte !== carriageReturn) return false;
  }
  return true;
}

/** An object, or one turned down only for what stands in it: either way its text is JSON. */
const isReadable = (row: JsonObject | Tuple | RowFault): boolean =>
  !(row instanceof RowFault && row.faults.some(({ code }) => code !== 'lone-surrogate'));

/** Tests that a look at the whole block found worth making. */
interface Care {
  readonly numbers: boolean;
  readonly surrogates: boolean;
}

function readLine(line: string, care: Care): JsonObject | RowFault {
  if (isTooDeep(line)) {
    return new RowFault([
      inputFault('ndjson-too-deep', `objects and lists are nested more than ${deepestJson} levels deep`),
    ]);
  }
  let value: Json;
  try {
    const mayBeLong = care.numbers || mayHoldLongExponent(line);
    value = mayBeLong ? parseKeepingDigits(line) : (JSON.parse(line) as Json);
  } catch (error) {
    return new RowFault([inputFault('ndjson-syntax', syntaxReason(line, error), { value: line })]);
  }
  if (!isJsonObject(value)) {
    return new RowFault([
      inputFault(
        'ndjson-not-object',
        `expected an object, found ${kindOf(value)}${Array.isArray(value) ? listHint : ''}`,
        { value: line },
      ),
    ]);
  }
  if (care.surrogates && mayHoldHalves(line)) {
    const column = loneSurrogateIn(value);
    if (column !== undefined) {
      return new RowFault([
        inputFault('lone-surrogate', 'a text holds half of a surrogate pair, which is no character', {
          column: column.toWellFormed(),
        }),
      ]);
    }
  }
  return value;
}

/** The top-level key under which a text or key is not well formed. Depth has been checked before. */
function loneSurrogateIn(value: JsonObject): string | undefined {
  return Object.keys(value).find((key) => !key.isWellFormed() || !isWellFormedJson(value[key]));
}

const kindOf = (value: Json): string =>
  value === null
    ? 'null'
    : Array.isArray(value)
      ? 'a list'
      : typeof value === 'object'
        ? 'a number'
        : `a ${typeof value}`;

/** V8's words without its quotations of the data, with the column where it names one. */
function syntaxReason(line: string, error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const at = /at position (\d+)/.exec(message)?.[1];
  const says =
    /^(.*?)(?:(?: in JSON)? at position|, ")/.exec(message)?.[1] ??
    (/^Unexpected end/.test(message) ? 'the line ends too early' : message);
  const plain = says.startsWith('Unexpected token')
    ? `not JSON at ${JSON.stringify(tokenIn(says))}`
    : says.toLowerCase();
  const hint = /^[^{[]*[,;\t|]/.test(line) ? csvHint : '';
  if (at === undefined) return `not valid JSON: ${plain}${hint}`;
  const near = line.slice(Math.max(0, Number(at) - 10), Number(at) + 10);
  return `not valid JSON: ${plain} at character ${Number(at) + 1}, near ${JSON.stringify(near)}${hint}`;
}

const tokenIn = (message: string): string => /^Unexpected token '(.*)'$/su.exec(message)?.[1] ?? '';

const csvHint = ': if the file is CSV, say --format csv';
const listHint = ": NDJSON is one object a line, which `jq -c '.[]' FILE` makes of a list";
