import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { borderHolds, fingerprintOf, sameFingerprint } from '../../src/input/fingerprint.ts';
import { openSource } from '../../src/input/source.ts';
import { blocksOf } from './reading.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdp-load-fingerprint-'));
});
after(() => rm(folder, { recursive: true }));

async function file(content: string | Uint8Array): Promise<string> {
  const path = join(folder, 'file.csv');
  await writeFile(path, content);
  return path;
}

describe('the fingerprint of a file', () => {
  const long = Buffer.alloc(300_000, 'row,row\n');
  const changed = (at: number): Buffer => {
    const copy = Buffer.from(long);
    copy.writeUInt8(33, at);
    return copy;
  };

  it('is the same for the same bytes', async () => {
    for (const content of [
      long,
      Buffer.from('short'),
      Buffer.alloc(0),
      Buffer.alloc(65_536, 'x'),
      Buffer.alloc(65_537, 'x'),
    ]) {
      assert.ok(sameFingerprint(await fingerprintOf(await file(content)), await fingerprintOf(await file(content))));
    }
  });

  it('differs when size, the first or the last 64 KiB differ', async () => {
    const original = await fingerprintOf(await file(long));
    for (const other of [
      changed(0),
      changed(65_535),
      changed(long.length - 1),
      changed(long.length - 65_536),
      long.subarray(1),
    ]) {
      assert.ok(!sameFingerprint(original, await fingerprintOf(await file(other))));
    }
    assert.equal(original.size, long.length);
    assert.match(original.head, /^[0-9a-f]{64}$/);
  });

  const sha256 = (...parts: readonly Uint8Array[]) =>
    parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex');

  // What an older release wrote to its journal must still fit.
  it('is of the first 64 KiB, and of all of the rest', async () => {
    const text = Buffer.from(Array.from({ length: 150_000 }, (_, index) => `${index},`).join(''));
    for (const size of [70_000, 65_536 + 262_144, 65_536 + 262_145, text.length]) {
      const bytes = text.subarray(0, size);
      assert.deepEqual(await fingerprintOf(await file(bytes)), {
        size,
        head: sha256(bytes.subarray(0, 65_536)),
        tail: sha256(bytes.subarray(65_536)),
      });
    }
  });

  it('of a file of more than 64 MiB is of 256 stretches evenly spread behind the first 64 KiB, and of the last', async () => {
    const bytes = Buffer.alloc(64 * 1024 * 1024 + 12_345);
    for (let at = 0; at < bytes.length; at += 4096) bytes.writeUInt32LE(at, at);
    const every = Math.floor(bytes.length / 256);
    const spread: Buffer[] = [];
    for (let at = 65_536; at < bytes.length; at += every) spread.push(bytes.subarray(at, at + 65_536));
    assert.deepEqual(await fingerprintOf(await file(bytes)), {
      size: bytes.length,
      head: sha256(bytes.subarray(0, 65_536)),
      tail: sha256(...spread, bytes.subarray(-65_536)),
    });
  });

  it('of a missing file is a clear error', async () => {
    await assert.rejects(fingerprintOf(join(folder, 'none')), { code: 'input-missing' });
  });
});

describe('a border', () => {
  const text = 'a,b\r\n1,"x\ny"\r2,z\r\n\r\n3,w';

  for (const encoding of ['utf8', 'utf16le'] as const) {
    it(`holds where a block began and between CR and LF it does not (${encoding})`, async () => {
      const source = await openSource(
        await file(Buffer.from((encoding === 'utf8' ? '' : '\ufeff') + text, encoding)),
        0,
        { blockBytes: 1 },
      );
      const { description } = source;
      const blocks = await blocksOf(source);
      assert.equal(blocks.length, 3);
      for (const { startByte: byte, startLine: line, startRecord: record } of blocks) {
        assert.ok(await borderHolds(description, { byte, line, record }));
        const unit = encoding === 'utf8' ? 1 : 2;
        assert.ok(!(await borderHolds(description, { byte: byte + unit, line, record: record + 1 })));
      }
      const size = description.size ?? 0;
      assert.ok(await borderHolds(description, { byte: size, line: 7, record: 4 }));
      assert.ok(!(await borderHolds(description, { byte: size + 1, line: 7, record: 4 })));
      assert.ok(!(await borderHolds(description, { byte: 0, line: 1, record: 1 })));
      const crlf = Buffer.from((encoding === 'utf8' ? '' : '\ufeff') + text, encoding).indexOf(
        Buffer.from('\r\n\r\n', encoding),
      );
      assert.ok(!(await borderHolds(description, { byte: crlf + (encoding === 'utf8' ? 1 : 2), line: 5, record: 3 })));
      await source.close();
    });
  }

  it('no longer holds when the file was changed in the middle without changing its size', async () => {
    const rows = Array.from({ length: 100 }, (_, i) => `${i},row\n`).join('');
    const path = await file(`a,b\n${rows}`);
    const source = await openSource(path, 0, { blockBytes: 200 });
    const block = (await blocksOf(source))[1];
    await source.close();
    assert.ok(block);
    const border = { byte: block.startByte, line: block.startLine, record: block.startRecord };
    assert.ok(await borderHolds(source.description, border));
    await writeFile(path, `a,b\n${rows.replace('0,row\n', '0,row!\n').slice(0, -1)}`);
    assert.ok(!(await borderHolds(source.description, border)));
  });

  it('is sought where the bytes lie, not where the description says they came from', async () => {
    const path = await file('a,b\n1,2\n3,4\n');
    const source = await openSource(path, 0);
    await source.close();
    const spooled = { ...source.description, path: '-' };
    assert.ok(await borderHolds(spooled, { byte: 8, line: 3, record: 2 }, path));
    await assert.rejects(borderHolds(spooled, { byte: 8, line: 3, record: 2 }), { code: 'input-missing' });
  });

  it('in NDJSON a lone CR is none', async () => {
    const path = await file('{"a":1}\n{"a":\r2}\n{"a":3}\n');
    const source = await openSource(path, 0, { format: 'ndjson' });
    await source.close();
    assert.ok(!(await borderHolds(source.description, { byte: 14, line: 2, record: 2 })));
    assert.ok(await borderHolds(source.description, { byte: 17, line: 3, record: 3 }));
  });
});
