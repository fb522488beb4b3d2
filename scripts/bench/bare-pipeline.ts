// What the machine can do without a journal, checks or positions: blocks → csv-parse in two workers → map → JSON.stringify →
// 500-row POSTs. The yardstick for `push`. Usage: node bare-pipeline.ts FILE URL
import { open } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';
import { Pool } from 'undici';

const [file = '', url = ''] = process.argv.slice(2);
const pool = new Pool(new URL(url).origin, { connections: 4 });
const workers = [0, 1].map(() => new Worker(new URL('./bare-worker.ts', import.meta.url)));
const blockBytes = 1_048_576;

const handle = await open(file);
let rows = 0;
let requests = 0;
let bytes = 0;
const sends = new Set<Promise<unknown>>();

async function post(body: Uint8Array): Promise<void> {
  requests += 1;
  bytes += body.length;
  const reply = await pool.request({
    method: 'POST',
    path: '/stream/12345',
    headers: { 'content-type': 'application/json' },
    body,
  });
  await reply.body.dump();
}

async function take({ rows: count, bodies }: { rows: number; bodies: Uint8Array[] }): Promise<void> {
  rows += count;
  for (const body of bodies) {
    while (sends.size >= 8) await Promise.race(sends);
    const sending = post(body).finally(() => sends.delete(sending));
    sends.add(sending);
  }
}

let carried = Buffer.alloc(0);
let first = true;
let ended = false;
async function nextBlock(): Promise<Buffer | undefined> {
  if (ended) return undefined;
  const space = Buffer.allocUnsafeSlow(carried.length + blockBytes);
  carried.copy(space);
  const { bytesRead } = await handle.read(space, carried.length, blockBytes);
  const bytes = space.subarray(0, carried.length + bytesRead);
  ended = bytesRead === 0;
  const cut = ended ? bytes.length : bytes.lastIndexOf(10) + 1;
  carried = Buffer.from(bytes.subarray(cut));
  const start = first ? bytes.indexOf(10) + 1 : 0;
  first = false;
  return cut > start ? bytes.subarray(start, cut) : undefined;
}

let reading: Promise<unknown> = Promise.resolve();
const turn = () => {
  const block = reading.then(nextBlock);
  reading = block;
  return block;
};
await Promise.all(
  workers.map(async (worker) => {
    for (let block = await turn(); block !== undefined; block = await turn()) {
      const done = new Promise<{ rows: number; bodies: Uint8Array[] }>((resolve) => worker.once('message', resolve));
      worker.postMessage(block);
      await take(await done);
    }
    await worker.terminate();
  }),
);
await Promise.all(sends);
await pool.close();
await handle.close();
process.stdout.write(`${JSON.stringify({ rows, requests, bytes })}\n`);
