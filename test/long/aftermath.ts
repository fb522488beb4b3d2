/** What must hold after a run came to a bad end: what the journal says is true, and the same command brings the rest. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Loads } from '../../src/journal/loads.ts';
import { RangeSet } from '../../src/journal/ranges.ts';
import { namedInFlight } from '../support/in-flight.ts';
import type { Ran } from '../support/workdir.ts';
import { nameOfRow, recordOf, type Scene } from './scenes.ts';
import type { Stage } from './stage.ts';

/** What strace says of the end is no help: it may end well when its child does not. */
export const isDead = ({ summary }: Ran): boolean => summary['event'] !== 'summary' && summary['event'] !== 'error';

/** Runs until it ends by itself, and compares both sides. Gives how many rows came more than once. */
export async function finishAndCompare(scene: Scene, stage: Stage, where: string): Promise<number> {
  return compare(scene, stage, where, await stage.workdir.run(stage.args));
}

/** What `last`, the run that ended by itself, says and what the platform has. */
export function compare(scene: Scene, stage: Stage, where: string, last: Ran): number {
  const named = namedInFlight(last.events);
  const says = `${where}\n${last.stdout}${last.stderr}`;

  const held = scene.counts === 'once' ? 0 : named.size;
  assert.equal(last.status, held === 0 ? 0 : 1, says);
  const { rows } = stage;
  const isLoaded = (last.summary['alreadyLoaded'] as unknown[]).length === 1;
  if (!isLoaded)
    assert.partialDeepStrictEqual(
      last.summary,
      { read: rows, accepted: rows - held, uncertain: held, remaining: 0 },
      says,
    );

  const arrivals = stage.arrivals();
  const holds = scene.holds(stage.emulator);
  let doubles = 0;
  for (let record = 1; record <= rows; record++) {
    const name = nameOfRow(record);
    const isNamed = named.has(record);
    const mayMiss = isNamed && scene.counts === 'each time';
    assert.ok(holds.has(name) || mayMiss, `${name} is missing; ${says}`);
    assert.ok((holds.get(name) ?? 0) <= 1, `the platform holds ${name} ${holds.get(name)} times; ${says}`);
    const times = arrivals.get(name) ?? 0;
    if (times > 1) {
      doubles += 1;
      assert.ok(isNamed && times === 2, `${name} came ${times} times and was ${isNamed ? '' : 'not '}named; ${says}`);
    }
  }
  for (const name of holds.keys()) assert.ok(recordOf(name) <= rows, `${name} is nobody's; ${says}`);
  return doubles;
}

/** Once more, with the killer standing by: it has nothing to kill, since nothing is sent, and nothing of the load changes. */
export async function nothingIsLeft(stage: Stage, where: string): Promise<void> {
  const before = [stage.requests, loadsOf(stage)];
  const again = await runWithKiller(stage, stage.args);
  const says = `${where}\n${again.stdout}${again.stderr}`;
  assert.equal(again.status, 0, says);
  assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 1, says);
  assert.deepEqual([stage.requests, loadsOf(stage)], before, says);
}

/** SIGKILL as soon as a request comes in. */
export async function runWithKiller(stage: Stage, args: readonly string[]): Promise<Ran> {
  const { child, done } = stage.workdir.start(args);
  stage.at('before storing', 1, () => {
    child.kill('SIGKILL');
    return done;
  });
  const ran = await done;
  stage.disarm();
  return ran;
}

/** All that the journal has on loads, as text. */
export function loadsOf(stage: Stage): string {
  return withDatabase(stage, (database) =>
    JSON.stringify(
      ['loads', 'events', 'snapshots', 'checkpoints'].map((table) => database.prepare(`SELECT * FROM ${table}`).all()),
    ),
  );
}

/** What the journal calls accepted must have been stored, always. */
export function acceptedIsStored(stage: Stage, where: string): void {
  const arrivals = stage.arrivals();
  for (const [from, to] of acceptedIn(stage)) {
    for (let record = from; record <= to; record++)
      assert.ok(arrivals.has(nameOfRow(record)), `${where}: row ${record} is called accepted and never came`);
  }
}

/** Records that the journal calls accepted; none, when it was killed before there was a journal. */
export const acceptedIn = (stage: Stage): RangeSet => {
  if (!existsSync(pathOf(stage))) return new RangeSet();
  return withDatabase(stage, (database) => {
    const loads = new Loads(database);
    const [id] = database
      .prepare('SELECT id FROM loads')
      .all()
      .map(({ id }) => Number(id));
    const load = id === undefined ? undefined : loads.find(id);
    return (load && loads.readState(load).state.entries[0]?.accepted) ?? new RangeSet();
  });
};

const pathOf = ({ workdir }: Stage): string => join(workdir.path, '.cdp-load', 'journal.db');

function withDatabase<Result>(stage: Stage, read: (database: DatabaseSync) => Result): Result {
  // Any other way of opening it would tidy up on closing, and take that from the run that comes next.
  const database = new DatabaseSync(pathOf(stage), { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
