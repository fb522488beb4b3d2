/** What must hold of every file under every mapping: `validate` and `push` say the same, and the platform says no more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { bothWays, type Trial } from './both-ways.ts';
import { sideFiles } from './random-fields.ts';
import { describeTrial, randomTrial } from './random-trial.ts';

/** What nobody can know before asking, by target and the code it is told by. */
const knownOnlyThere: Readonly<Record<string, readonly string[]>> = {
  // Whether a profile, a fact or an entry exists is known at the platform only.
  relay42: ['not-found'],
};

export interface Tried {
  refusedMappings: number;
  ran: number;
  rows: number;
  rejected: number;
  accepted: number;
  readonly codes: Set<string>;
}

export function trialFolder(t: Pick<TestContext, 'after'>): string {
  const folder = mkdtempSync(join(tmpdir(), 'cdp-load-trial-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(sideFiles)) writeFileSync(join(folder, name), text);
  return folder;
}

export const newTally = (): Tried => ({
  refusedMappings: 0,
  ran: 0,
  rows: 0,
  rejected: 0,
  accepted: 0,
  codes: new Set(),
});

export async function assertAgreement(trial: Trial, folder: string, tried: Tried): Promise<void> {
  const outcome = await bothWays(trial, folder);
  if (outcome.kind === 'refused') {
    tried.refusedMappings += 1;
    return;
  }
  const { validated, pushed, regrets } = outcome;
  const about = () => describeTrial(trial);
  const exempt = knownOnlyThere[trial.target] ?? [];
  const before = pushed.rejects.filter(({ stage }) => stage !== 'send');
  const refused = pushed.rejects.filter(({ stage, code }) => stage === 'send' && !exempt.includes(code));
  assert.deepEqual(before, validated.rejects, about());
  assert.deepEqual(refused, [], about());
  assert.deepEqual(regrets, [], about());
  assert.equal(pushed.summary.stopped, undefined, `${JSON.stringify(pushed.summary.stopped)}\n${about()}`);
  assert.deepEqual(pushed.summary.warnings, validated.summary.warnings, about());
  assert.equal(pushed.summary.read, validated.summary.read, about());
  const hidden = pushed.rejects.length - before.length;
  if (hidden === 0 && exempt.length === 0) {
    for (const count of ['accepted', 'rejected', 'skipped'] as const)
      assert.equal(pushed.summary[count], validated.summary[count], `${count}\n${about()}`);
  }
  tried.ran += 1;
  tried.rows += validated.summary.read;
  tried.rejected += validated.summary.rejected;
  tried.accepted += validated.summary.accepted;
  for (const { code } of validated.rejects) tried.codes.add(code);
}

/** A failure names its seed and path, and the smallest file and mapping that show it. */
export async function tryTrials(t: TestContext, runs: number, workers = 0): Promise<Tried> {
  const folder = trialFolder(t);
  const tried = newTally();
  await fc.assert(
    fc.asyncProperty(fc.gen(), (draw) => assertAgreement({ ...randomTrial(draw), workers }, folder, tried)),
    { numRuns: runs },
  );
  const { codes, ...figures } = tried;
  t.diagnostic(`${JSON.stringify(figures)}, ${codes.size} codes`);
  return tried;
}
