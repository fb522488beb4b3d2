import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Underway, UnderwayChain } from '../../src/delivery/under-way.ts';

class Trip extends Underway {
  readonly #name: string;
  readonly #chain: UnderwayChain;
  readonly #told: string[];
  waitedMs = 0;

  constructor(name: string, chain: UnderwayChain, told: string[], signal?: AbortSignal) {
    super(signal);
    this.#name = name;
    this.#chain = chain;
    this.#told = told;
    chain.add(this);
  }

  timeOut() {
    this.waitedMs = performance.now() - this.startedAt;
    this.#end('timed out');
  }
  callOff() {
    this.#end('called off');
  }
  arrive() {
    this.#end('arrived');
  }
  #end(how: string) {
    this.#chain.remove(this);
    this.#told.push(`${this.#name} ${how}`);
  }
}

test('an abort calls off those of its signal, oldest first, and no other', () => {
  const chain = new UnderwayChain(60_000);
  const told: string[] = [];
  const [one, other] = [new AbortController(), new AbortController()];
  const trips = [one, other, undefined, one, one].map(
    (controller, index) => new Trip(`trip ${index}`, chain, told, controller?.signal),
  );
  trips[3]?.arrive();
  one.abort();
  assert.deepEqual(told, ['trip 3 arrived', 'trip 0 called off', 'trip 4 called off']);
  const late = new Trip('late', chain, told, other.signal);
  trips[1]?.arrive();
  other.abort();
  trips[2]?.arrive();
  assert.deepEqual(told.slice(3), ['trip 1 arrived', 'late called off', 'trip 2 arrived']);
  assert.equal(late.before, undefined);
});

test('the timer keeps the process as long as something is under way, and no longer', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const chain = new UnderwayChain(60_000);
  const trips = ['one', 'two'].map((name) => new Trip(name, chain, []));
  assert.equal(timers(), before + 1);
  trips[1]?.arrive();
  assert.equal(timers(), before + 1);
  trips[0]?.arrive();
  assert.equal(timers(), before);
});

test('what is taken out of the chain, wherever it stood, holds on to nothing', () => {
  const chain = new UnderwayChain(60_000);
  const told: string[] = [];
  const trips = ['first', 'second', 'third', 'fourth'].map((name) => new Trip(name, chain, told));
  const [first, second, third, fourth] = trips;
  second?.arrive();
  assert.equal(first?.after, third);
  assert.equal(third?.before, first);
  first?.arrive();
  fourth?.arrive();
  third?.arrive();
  for (const { before, after } of trips) assert.deepEqual([before, after], [undefined, undefined]);
});

test('one timer serves all: each is timed out when its own time is over, but not what came to its end before', async () => {
  const chain = new UnderwayChain(40);
  const told: string[] = [];
  const early = new Trip('early', chain, told);
  const withIt = new Trip('with it', chain, told);
  await sleep(20);
  const later = new Trip('later', chain, told);
  early.arrive();
  while (told.length < 3) await sleep(5);
  assert.deepEqual(told, ['early arrived', 'with it timed out', 'later timed out']);
  for (const { waitedMs } of [withIt, later]) assert.ok(waitedMs >= 40, `${waitedMs}`);
  // The chain was empty meanwhile.
  new Trip('last', chain, told);
  while (told.length < 4) await sleep(5);
  assert.equal(told[3], 'last timed out');
});
