import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { PairsAside } from '../../src/engine/put-aside.ts';
import { Repetitions } from '../../src/engine/repetitions.ts';
import { keyHash } from '../../src/mapping/key-hash.ts';
import { createWorkdir } from '../support/workdir.ts';

/** What a `Set` without limits says of the same. */
function expected(files: readonly (readonly number[])[], within: 'file' | 'input') {
  const seen = new Set<string>();
  let count = 0;
  let compared = 0;
  let first: string | undefined;
  for (const [file, keys] of files.entries()) {
    for (const [row, key] of keys.entries()) {
      compared += 1;
      const name = within === 'file' ? `${file} ${key}` : `${key}`;
      if (seen.has(name)) {
        count += 1;
        first ??= `f${file}:${2 * row + 2}`;
      }
      seen.add(name);
    }
  }
  return { count, first, compared };
}

async function found(
  files: readonly (readonly number[])[],
  options: ConstructorParameters<typeof Repetitions>[0],
  hashOf = (key: number) => keyHash(`key ${key}`),
) {
  const repetitions = new Repetitions(options);
  for (const [file, keys] of files.entries()) {
    repetitions.enter(`f${file}`);
    for (const [row, key] of keys.entries()) repetitions.add(hashOf(key), row, (of) => 2 * of + 2);
  }
  return repetitions.finish();
}

test('what comes again is found, counted and placed as a Set would, however little fits into memory', async (t) => {
  const { path: folder } = createWorkdir(t);
  const keys = fc.array(fc.nat(30), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(keys, { minLength: 1, maxLength: 4 }),
      fc.constantFrom('file' as const, 'input' as const),
      fc.constantFrom(4, 8, 64),
      async (files, within, mostSlots) => {
        assert.deepEqual(await found(files, { folder, within, mostSlots }), expected(files, within));
      },
    ),
  );
  assert.deepEqual(readdirSync(folder), []);
});

test('what was known when memory ran out came before, in its own file', async (t) => {
  const { path: folder } = createWorkdir(t);
  const files = [[1], [1, 2, 3, 4, 1, 2], [1, 2]];
  for (const within of ['file', 'input'] as const)
    assert.deepEqual(await found(files, { folder, within, mostSlots: 4 }), expected(files, within));
});

test('the same over many pages of each share, of several files', async (t) => {
  const { path: folder } = createWorkdir(t);
  // Their bits 28 to 35 are alike, so all go to one share.
  const inOneShare = (key: number) => key * 2 ** 36 + 7 * 2 ** 28 + ((key * 7919) % 2 ** 28) + 1;
  const keys = Array.from({ length: 20_000 }, (_, index) => (index * 31) % 12_000);
  const files = [keys, keys.slice(5_000), keys.slice(0, 9_000)];
  for (const within of ['file', 'input'] as const) {
    assert.deepEqual(await found(files, { folder, within, mostSlots: 1024 }, inOneShare), expected(files, within));
    assert.deepEqual(await found(files, { folder, within, mostSlots: 1024 }), expected(files, within));
  }
});

test('pairs that were put aside come back share by share, each share in its order', async (t) => {
  const { path: folder } = createWorkdir(t);
  const aside = new PairsAside(folder);
  const pairs = Array.from({ length: 300_000 }, (_, index): [number, number] => [keyHash(`${index}`), index]);
  for (const [first, second] of pairs) aside.add(first, second);
  const shares: [number, number][][] = [];
  await aside.read(
    () => void shares.push([]),
    (first, second) => shares.at(-1)?.push([first, second]),
  );
  aside.close();
  for (const share of shares) assert.ok(share.length > 512);
  for (const share of shares)
    assert.ok(share.every(([, second], at) => at === 0 || second > (share[at - 1]?.[1] ?? 0)));
  assert.deepEqual(
    shares.flat().sort(([, one], [, other]) => one - other),
    pairs,
  );
});

test('a folder that takes no file costs the comparing, and is named', async (t) => {
  const workdir = createWorkdir(t);
  const folder = join(workdir.path, 'taken');
  writeFileSync(folder, '');
  const { missed, ...rest } = await found([[1, 2, 3, 1, 4, 4, 2]], { folder, within: 'input', mostSlots: 4 });
  assert.deepEqual(rest, { count: 2, first: 'f0:8', compared: 5 });
  assert.partialDeepStrictEqual(missed, { count: 2, first: 'f0:10' });
  assert.match(missed?.why ?? '', /taken is there and is no folder/);
});

/** Makes a method of what is put aside fail from its `from`th call on. */
function failing(t: TestContext, method: 'add' | 'read', from: number) {
  const real = PairsAside.prototype[method];
  let calls = 0;
  t.mock.method(PairsAside.prototype, method, function (this: PairsAside, ...given: never[]) {
    calls += 1;
    if (calls >= from) throw new Error('EIO: i/o error');
    return Reflect.apply(real, this, given);
  });
}

const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

test('a disk that fails while it is written, or read back, costs the comparing; nothing is left open', async (t) => {
  const { path: folder } = createWorkdir(t);
  const keys = Array.from({ length: 200 }, (_, index) => index % 150);
  const options = { folder, within: 'input', mostSlots: 64 } as const;
  const before = openFiles();
  const whole = await found([keys], options);
  assert.deepEqual(whole, { count: 50, first: 'f0:302', compared: 200 });
  // 43 fit into memory. As long as they are not put aside as a whole, what is among them is told.
  const known = { count: 43, first: 'f0:302', compared: 86 };
  const nothing = { count: 0, first: undefined, compared: 43 };
  const failures = [
    ['add', 10, known],
    ['add', 44, nothing],
    ['add', 120, nothing],
    ['read', 1, nothing],
  ] as const;
  for (const [method, from, expected] of failures) {
    await t.test(`${method} ${from}`, async (t) => {
      failing(t, method, from);
      const { missed, ...rest } = await found([keys], options);
      assert.deepEqual(rest, expected);
      assert.deepEqual(missed, { count: 200 - rest.compared, first: 'f0:88', why: 'EIO: i/o error' });
    });
  }
  assert.equal(openFiles(), before);
});

test('told to stop, it does not look at what was put aside', async (t) => {
  const { path: folder } = createWorkdir(t);
  const repetitions = new Repetitions({ folder, within: 'input', mostSlots: 4 });
  repetitions.enter('f');
  for (const row of [0, 1, 2, 3, 4]) repetitions.add(keyHash(`${row % 4}`), row, (of) => of + 2);
  const { missed, ...rest } = await repetitions.finish(AbortSignal.abort());
  assert.deepEqual(rest, { count: 0, first: undefined, compared: 3 });
  assert.deepEqual(missed, { count: 2, first: 'f:5', why: 'the run was interrupted' });
});
