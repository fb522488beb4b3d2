/** Everything that mapping a block needs, as plain data, and the function made of it: the same in every thread. */
import { openTarget, type TargetSettings } from '../config/target-type.ts';
import { parserFor } from '../input/parse.ts';
import type { SourceDescription } from '../input/source.ts';
import { RangeSet } from '../journal/ranges.ts';
import { type CompiledMapping, compileMapping, type TargetKind } from '../mapping/compile.ts';
import { groupNames } from '../mapping/key-reader.ts';
import { blockMapper } from '../mapping/map-block.ts';
import { stretchesOf } from '../mapping/map-groups.ts';
import type { Mapping } from '../mapping/mapping.ts';
import { type Shape, sourceReader } from '../mapping/row-shape.ts';
import type { Block, MappedBlock } from '../model/block.ts';
import type { Target } from '../targets/target.ts';
import { cutAtGroups, type GroupCutting } from './group-blocks.ts';

export interface BlockMapping {
  readonly settings: TargetSettings;
  readonly mapping: Mapping;
  /** Start of the run, epoch milliseconds. */
  readonly now: number;
  /** Give the hashes of the rows' keys and of the items' ids, too: `validate` counts those that repeat. */
  readonly hashes?: boolean | undefined;
}

/** One file of the run, as the mapper must know it. */
export interface FileTask {
  readonly index: number;
  readonly description: SourceDescription;
  /** Seed of the rows' identities; the same in every run of the load. */
  readonly loadKey: string;
  /** For each entry, the records that need no work any more, as {@link RangeSet} prints them. */
  readonly settled: readonly string[];
  /** Records after this one are left alone (`--limit`). */
  readonly upTo?: number | undefined;
}

export function createBlockMapping({
  settings,
  mapping,
  now,
  hashes,
}: BlockMapping): (file: FileTask, block: Block) => MappedBlock {
  const target = openTarget(settings);
  const compile = compiler(mapping, target);
  const files = new Map<number, (block: Block) => MappedBlock>();
  return (file, block) => {
    let map = files.get(file.index);
    if (map === undefined) {
      map = blockMapper(file.description, compile(file.description), {
        loadKey: file.loadKey,
        now,
        done: doneIn(file),
        hashes,
      });
      // Files come one after the other: the former one is not needed again.
      files.clear();
      files.set(file.index, map);
    }
    return map(block);
  };
}

/** Compiles a mapping once for each different header: 10,000 files of one kind cost one compilation. */
export function compiler(
  mapping: Mapping,
  target: Target,
  kind?: TargetKind,
): (description: SourceDescription) => CompiledMapping {
  const known = new Map<string, CompiledMapping>();
  return (description) => {
    const name = JSON.stringify(description.csv?.header ?? null);
    let compiled = known.get(name);
    if (compiled === undefined) {
      compiled = compileMapping(mapping, shapeOf(description), target, kind);
      known.set(name, compiled);
    }
    return compiled;
  };
}

/** Blocks with their borders where the mapping can be applied to each by itself. */
export function groupedBlocks(
  blocks: AsyncIterable<Block>,
  mapping: Mapping,
  description: SourceDescription,
  options: Pick<GroupCutting, 'upTo' | 'onCut'> = {},
): AsyncIterable<Block> {
  const group = groupIn(mapping, description);
  return group === undefined ? blocks : cutAtGroups(blocks, { description, group, ...options });
}

/** First and last record of each group, in order; a row that is in none stands alone. */
export async function* groupsOf(
  blocks: AsyncIterable<Block>,
  mapping: Mapping,
  description: SourceDescription,
): AsyncGenerator<readonly [from: number, to: number]> {
  const group = groupIn(mapping, description);
  if (group === undefined) return;
  const parse = parserFor(description);
  for await (const block of cutAtGroups(blocks, { description, group })) {
    const { startRecord } = block;
    for (const { from, to } of stretchesOf(parse(block), group, (index) => startRecord + index))
      yield [startRecord + from, startRecord + to - 1];
  }
}

function groupIn({ group }: Mapping, description: SourceDescription): GroupCutting['group'] | undefined {
  if (group === undefined) return undefined;
  const shape = shapeOf(description);
  const readers = group.by.map((column) => sourceReader(shape, column)).filter((reader) => typeof reader !== 'string');
  return { most: group.most, groupOf: groupNames(readers) };
}

const shapeOf = ({ csv }: SourceDescription): Shape =>
  csv === undefined ? { kind: 'ndjson' } : { kind: 'csv', header: csv.header };

function doneIn({ settled, upTo }: FileTask): ((entry: number, record: number) => boolean) | undefined {
  const sets = settled.map((text) => RangeSet.parse(text));
  if (upTo === undefined && sets.every(({ isEmpty }) => isEmpty)) return undefined;
  return (entry, record) => (upTo !== undefined && record > upTo) || (sets[entry]?.has(record) ?? false);
}
