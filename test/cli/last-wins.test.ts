/** `lastWins` from end to end: what the platforms hold is the same with it and without, in fewer items. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startSandbox } from '../../src/sandbox/server.ts';
import { createWorkdir } from '../support/workdir.ts';

const cases: readonly { type: string; operation: string; settings?: object; fields: object; read: string }[] = [
  { type: 'customerio', operation: 'identify', fields: { userId: 'id', 'traits.step': 'step' }, read: 'people' },
  {
    type: 'relay42',
    operation: 'facts.add',
    settings: { partnerType: 2001, factName: 'loyalty', factTtl: 3600 },
    fields: { partnerId: 'id', 'properties.step': 'step' },
    read: 'facts',
  },
];

async function pushTo(
  t: TestContext,
  { type, operation, settings = {}, fields, read }: (typeof cases)[number],
  lastWins: boolean,
) {
  const sandbox = await startSandbox();
  t.after(() => sandbox.close());
  const workdir = createWorkdir(t);
  const emulator = sandbox.emulator(type);
  const target = { type, ...emulator.settings(sandbox.url(type)), mapping: 'map.yaml', rate: 1000 };
  workdir.file('cdp-load.yaml', JSON.stringify({ targets: { here: target } }));
  const mapping = { version: 1, target: type, operation, key: 'id', lastWins, settings, fields };
  workdir.file('map.yaml', JSON.stringify(mapping));
  const rows = Array.from({ length: 24 }, (_, index) => `p${index % 3},${index}\n`);
  workdir.file('rows.csv', `id,step\n${rows.join('')}`);
  const args = ['rows.csv', '--target', 'here', '--json'];
  const checked = await workdir.run(['validate', ...args]);
  const pushed = await workdir.run(['push', ...args]);
  assert.equal(pushed.status, 0, pushed.stdout + pushed.stderr);
  const again = await workdir.run(['push', ...args]);
  assert.equal((again.summary['alreadyLoaded'] as unknown[]).length, 1);
  const held = emulator.readOut(read, new URLSearchParams()) as { profileId?: string; createdAt?: unknown }[];
  // Requests about different people go side by side, so the people stand in any order.
  const what = held.map((one) =>
    JSON.stringify(one, (name, value: unknown) => (/^(profileId|42|.*[aA]t)$/.test(name) ? undefined : value)),
  );
  return { checked: checked.summary, pushed: pushed.summary, what: what.sort().join('\n') };
}

for (const one of cases) {
  test(`${one.type} holds the same after ${one.operation} with lastWins and without, and the summaries say what was left out`, async (t) => {
    const whole = await pushTo(t, one, false);
    const collapsed = await pushTo(t, one, true);
    assert.equal(collapsed.what, whole.what);
    assert.match(whole.what, /23/);
    assert.partialDeepStrictEqual(whole.pushed, { read: 24, accepted: 24, skipped: 0 });
    assert.equal(whole.pushed['superseded'], undefined);
    for (const summary of [collapsed.pushed, collapsed.checked])
      assert.partialDeepStrictEqual(summary, { read: 24, accepted: 3, skipped: 21, superseded: 21, remaining: 0 });
    assert.ok(Number(collapsed.pushed['requests']) <= Number(whole.pushed['requests']));
    // Relay42: two facts of one name never share a request.
    if (one.type === 'relay42') assert.equal(whole.pushed['requests'], 24);
  });
}
