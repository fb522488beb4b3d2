/** Everything that mapping a block needs, as plain data, and the function made of it: the same in every thread. */
import { openTarget, type TargetSettings } from '../config/resolve.ts';
import type { SourceDescription } from '../input/source.ts';
import { RangeSet } from '../journal/ranges.ts';
import { type CompiledMapping, compileMapping, type TargetKind } from '../mapping/compile.ts';
import { blockMapper } from '../mapping/map-block.ts';
import type { Mapping } from '../mapping/mapping.ts';
import type { Block, MappedBlock } from '../model/block.ts';
import type { Target } from '../targets/target.ts';

export interface BlockMapping {
  readonly settings: TargetSettings;
  readonly mapping: Mapping;
  /** Start of the run, epoch milliseconds. */
  readonly now: number;
  /** Give the hashes of the rows' keys, too: `validate` counts those that repeat. */
  readonly keys?: boolean | undefined;
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
  keys,
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
        keys,
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
  return ({ csv }) => {
    const name = JSON.stringify(csv?.header ?? null);
    let compiled = known.get(name);
    if (compiled === undefined) {
      compiled = compileMapping(
        mapping,
        csv === undefined ? { kind: 'ndjson' } : { kind: 'csv', header: csv.header },
        target,
        kind,
      );
      known.set(name, compiled);
    }
    return compiled;
  };
}

function doneIn({ settled, upTo }: FileTask): ((entry: number, record: number) => boolean) | undefined {
  const sets = settled.map((text) => RangeSet.parse(text));
  if (upTo === undefined && sets.every(({ isEmpty }) => isEmpty)) return undefined;
  return (entry, record) => (upTo !== undefined && record > upTo) || (sets[entry]?.has(record) ?? false);
}
