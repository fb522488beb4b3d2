/** What half-dead gateways and tired platforms answer, and what becomes of the rows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AdobeEmulator, adobeEmulator, createAdobe } from '../../src/sandbox/adobe.ts';
import type { FaultScript } from '../../src/sandbox/faults.ts';
import { sceneNamed } from './scenes.ts';
import { startNginx } from './servers.ts';
import { createStage, type Stage } from './stage.ts';

type Action = FaultScript[number]['action'];
const person = sceneNamed('raptor person');
const soon = () => new Date(Date.now() + 2000).toUTCString();
const reply = (status: number, retryAfter?: string, stored = false): Action => ({
  do: 'reply',
  status,
  stored,
  ...(retryAfter === undefined ? {} : { headers: { 'retry-after': retryAfter } }),
});

/** None of the five platforms publishes these; one that sends them must do no harm. */
const limitedElsewise: Action = {
  do: 'reply',
  status: 429,
  stored: false,
  headers: {
    'retry-after-ms': '99999999',
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': '99999999999',
    'ratelimit-reset': '99999999',
    ratelimit: '"default";r=0;t=99999999',
  },
};

/** Strikes at the second and the fourth request. `doubled`: how many rows come twice. */
const cases: readonly { what: string; action: () => Action; doubled: number }[] = [
  { what: '429 with seconds', action: () => reply(429, '1'), doubled: 0 },
  { what: '429 with a date', action: () => reply(429, soon()), doubled: 0 },
  { what: '429 with nothing', action: () => reply(429), doubled: 0 },
  { what: '429 with 0', action: () => reply(429, '0'), doubled: 0 },
  { what: '429 with a date that is over', action: () => reply(429, 'Sun, 06 Nov 1994 08:49:37 GMT'), doubled: 0 },
  { what: '429 with words', action: () => reply(429, 'later, my friend 3'), doubled: 0 },
  { what: '429 with less than nothing', action: () => reply(429, '-1'), doubled: 0 },
  { what: '429 with headers of other houses', action: () => limitedElsewise, doubled: 0 },
  { what: '503 with a date', action: () => reply(503, soon()), doubled: 0 },
  { what: '500 after storing', action: () => reply(500, undefined, true), doubled: 20 },
  { what: 'a page with 502', action: () => ({ do: 'html', status: 502 }), doubled: 0 },
  { what: 'a cut before storing', action: () => ({ do: 'cut', when: 'before' }), doubled: 0 },
  { what: 'a cut in the reply', action: () => ({ do: 'cut', when: 'in-reply' }), doubled: 20 },
  { what: 'a cut after storing', action: () => ({ do: 'cut', when: 'after' }), doubled: 20 },
  { what: 'silence', action: () => ({ do: 'hang' }), doubled: 0 },
  { what: 'an answer byte by byte', action: () => ({ do: 'slow', msPerByte: 200 }), doubled: 20 },
];

async function push(stage: Stage) {
  const ran = await stage.workdir.run(stage.args);
  return { ...ran, says: ran.stdout + ran.stderr };
}

for (const { what, action, doubled } of cases) {
  test(`${what}: every row is accepted and counts once`, async (t) => {
    const stage = await createStage(t, person, { flags: ['--concurrency', '1'], config: { timeout: '1s' } });
    const { hits } = stage.sandbox.script('raptor', [{ nth: [2, 4], action: action() }]);
    const { status, summary, says } = await push(stage);
    assert.equal(status, 0, says);
    assert.deepEqual(hits, [2]);
    assert.partialDeepStrictEqual(summary, { read: 60, accepted: 60, remaining: 0, retries: 2 }, says);
    const twice = [...stage.arrivals().values()].filter((times) => times > 1).length;
    assert.equal(twice, doubled, says);
    assert.deepEqual(new Set(person.holds(stage.emulator).values()), new Set([1]));
  });
}

for (const { type, name, path } of [
  { type: 'adobe', name: 'adobe event', path: '^/collection' },
  { type: 'customerio', name: 'customerio track', path: '' },
  { type: 'datatalks', name: 'datatalks events', path: '' },
  { type: 'relay42', name: 'relay42 facts', path: '' },
]) {
  test(`${name}: 429, 503, 500 after storing, cuts and silence in one run: every row is accepted and counts once`, async (t) => {
    const scene = sceneNamed(name);
    const stage = await createStage(t, scene, { flags: ['--concurrency', '2'], config: { timeout: '1s' } });
    const limits = [reply(429, '1'), reply(429, soon()), reply(429), reply(429, '0')];
    const unclear: Action[] = [
      reply(503, soon()),
      reply(500, undefined, true),
      { do: 'cut', when: 'in-reply' },
      { do: 'cut', when: 'after' },
      { do: 'hang', stored: false },
    ];
    // After a 50x, a cut or silence Relay42 asks for minutes (contract §5).
    const actions = type === 'relay42' ? limits : [...limits, ...unclear];
    const script = actions.map((action, index) => ({ path, nth: [2 + index], action }));
    const { hits } = stage.sandbox.script(type, script);
    const { status, summary, says } = await push(stage);
    assert.equal(status, 0, says);
    assert.deepEqual(
      hits,
      actions.map(() => 1),
      says,
    );
    const { rows } = stage;
    assert.partialDeepStrictEqual(summary, { read: rows, accepted: rows, retries: actions.length, remaining: 0 }, says);
    const holds = scene.holds(stage.emulator);
    assert.deepEqual([holds.size, new Set(holds.values())], [rows, new Set([1])]);
  });
}

test('a wait that would take the night stops the run, says so, and the same command goes on when it is over', async (t) => {
  const stage = await createStage(t, person, { flags: ['--concurrency', '1'] });
  for (const endless of ['999999999999', 'Fri, 31 Dec 2199 23:59:59 GMT']) {
    stage.sandbox.script('raptor', [{ nth: [2], action: reply(429, endless) }]);
    const { status, summary, says } = await push(stage);
    assert.equal(status, 5, says);
    assert.match(
      String((summary['stopped'] as { reason: string }).reason),
      /asks to wait \d+ s, longer than this run will/,
    );
    assert.equal(summary['uncertain'], 0, says);
  }
  const last = await push(stage);
  assert.equal(last.status, 0, last.says);
  assert.deepEqual(new Set(stage.arrivals().values()), new Set([1]));
  assert.equal(person.holds(stage.emulator).size, 60);
});

test('a wait that is asked for is kept', async (t) => {
  const stage = await createStage(t, person, { flags: ['--concurrency', '1'] });
  stage.sandbox.script('raptor', [{ nth: [2], action: reply(429, '3') }]);
  const { status, summary, says } = await push(stage);
  assert.equal(status, 0, says);
  assert.ok(Number(summary['seconds']) >= 3, says);
});

test('a page with 200 from a proxy is no acceptance', async (t) => {
  const stage = await createStage(t, sceneNamed('relay42 facts'));
  stage.sandbox.script('relay42', [{ from: 1, action: { do: 'html', status: 200 } }]);
  const { status, summary, says } = await push(stage);
  assert.equal(status, 4, says);
  assert.equal(summary['accepted'], 0, says);
});

test('a token that ages in mid-run is renewed, and nothing is refused for it', async (t) => {
  const platform = {
    ...adobeEmulator,
    create: (clock: Parameters<typeof createAdobe>[0]) => createAdobe(clock, { tokenSeconds: 2 }),
  };
  const stage = await createStage(t, sceneNamed('adobe event'), { platform, flags: ['--concurrency', '1'] });
  stage.sandbox.script('adobe', [{ path: '^/collection', action: { do: 'delay', ms: 600 } }]);
  const { status, summary, says } = await push(stage);
  assert.equal(status, 0, says);
  assert.equal(summary['accepted'], 60, says);
  const { tokens } = stage.emulator.readOut('state', new URLSearchParams()) as { tokens: number };
  assert.ok(tokens >= 2, `${tokens} tokens`);
});

test('207 with every mix: each item has its own fate', async (t) => {
  let emulator: AdobeEmulator | undefined;
  const platform = {
    ...adobeEmulator,
    create(clock: Parameters<typeof createAdobe>[0]) {
      emulator = createAdobe(clock);
      return emulator;
    },
  };
  const scene = sceneNamed('adobe event');
  const stage = await createStage(t, scene, { platform, flags: ['--concurrency', '1'] });
  emulator?.spoil(
    { kind: 'item', index: 3, status: 400 },
    { kind: 'item', index: 0, status: 500 },
    { kind: 'item', index: 9, status: 429 },
    { kind: 'short', missing: 2 },
    { kind: 'text-status' },
  );
  const { status, summary, says } = await push(stage);
  assert.equal(status, 1, says);
  assert.partialDeepStrictEqual(summary, { read: 60, accepted: 59, rejected: 1, remaining: 0 }, says);
  const holds = scene.holds(stage.emulator);
  assert.equal(holds.size, 59);
  assert.ok(!holds.has('row-000004'));
  assert.deepEqual(new Set(holds.values()), new Set([1]));
});

test('413 with a page from a real nginx in front: requests are halved until everything arrives', async (t) => {
  const stage = await createStage(t, person, { rows: 300 });
  const port = await startNginx(
    t,
    stage.workdir,
    `client_max_body_size 1k; location / { proxy_pass ${stage.sandbox.origin}; }`,
  );
  const config = stage.workdir.read('cdp-load.yaml');
  stage.workdir.file('cdp-load.yaml', config.replaceAll(stage.sandbox.origin, `http://127.0.0.1:${port}`));
  const ran = await stage.workdir.run([...stage.args, '--chunk-size', '100']);
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  assert.equal(person.holds(stage.emulator).size, 300);
  assert.ok(stage.requests > 6 && stage.requests < 40, `${stage.requests} requests came through`);
  assert.ok(Number(ran.summary['requests']) > stage.requests, 'nothing was refused: the test would prove nothing');
});
