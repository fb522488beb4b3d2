/**
 * A transport in a thread of its own. Where thousands of requests leave a second, undici and its sockets take as much of a processor as all
 * that the main thread does for them (docs/decisions/0011-a-thread-that-sends.md).
 */
import type { ApiFailure, ApiReply } from '../model/request.ts';
import { startThread } from '../threads/start.ts';
import { proxyAddresses } from './proxy-addresses.ts';
import type { Transport, TransportOptions } from './transport.ts';
import { notSent } from './transport-failures.ts';
import {
  createRequestPacker,
  type FromTransport,
  fullPacket,
  onceATurn,
  readReplies,
  type ToTransport,
} from './transport-packets.ts';
import type { TransportThreadData } from './transport-thread.ts';
import { readTls } from './transport-tls.ts';

interface Asked {
  resolve(outcome: ApiReply | ApiFailure): void;
  reject(error: unknown): void;
}

/** Its requests live no longer than their answers, so more room only makes the process larger. */
const resourceLimits = { maxYoungGenerationSizeMb: 16 };

/**
 * Throws as `createTransport` does: when the thread begins, rows may already be announced. Should the thread end, which is a bug,
 * each `send` rejects.
 */
export function createThreadedTransport(options: TransportOptions, start: typeof startThread = startThread): Transport {
  proxyAddresses(options);
  const data: TransportThreadData = { options, tls: readTls(options) };
  const thread = start('transport-thread', import.meta.url, data, { resourceLimits });
  const requests = createRequestPacker();
  /** By id; ids are used again. */
  const asked: (Asked | undefined)[] = [];
  const freeIds: number[] = [];
  const signalNumbers = new WeakMap<AbortSignal, number>();
  let signals = 0;
  let isClosing = false;
  let broken: unknown;
  const closed = Promise.withResolvers<void>();

  const tell = (message: ToTransport) =>
    thread.postMessage(message, message.kind === 'requests' ? [message.bodies.buffer] : []);

  const tellRequests = () => {
    if (requests.size > 0) tell(requests.take());
  };

  const tellSoon = onceATurn(tellRequests);

  const numberOf = (signal: AbortSignal | undefined): number => {
    if (signal === undefined) return 0;
    const known = signalNumbers.get(signal);
    if (known !== undefined) return known;
    signals += 1;
    const number = signals;
    signalNumbers.set(signal, number);
    // It overtakes requests that were not told yet: those do not leave then.
    const callOff = () => tell({ kind: 'call-off', signal: number });
    signal.addEventListener('abort', callOff, { once: true });
    return number;
  };

  const take = (id: number): Asked | undefined => {
    const one = asked[id];
    asked[id] = undefined;
    freeIds.push(id);
    return one;
  };
  const settle = (id: number, outcome: ApiReply | ApiFailure) => take(id)?.resolve(outcome);

  const fail = (error: unknown) => {
    broken ??= error;
    closed.resolve();
    for (const one of asked.splice(0)) one?.reject(broken);
  };

  thread.on('message', (message: FromTransport) => {
    if (message.kind === 'replies') readReplies(message, settle);
    else if (message.kind === 'broken') take(message.id)?.reject(message.error);
    else closed.resolve();
  });
  thread.on('error', fail);
  thread.on('exit', () => fail(new Error('the thread that sends has ended')));

  return {
    send(request, signal) {
      if (isClosing || signal?.aborted) return Promise.resolve(notSent);
      if (broken !== undefined) return Promise.reject(broken);
      return new Promise((resolve, reject) => {
        const id = freeIds.pop() ?? asked.length;
        asked[id] = { resolve, reject };
        const number = numberOf(signal);
        if (!requests.add(id, request, number)) {
          tellRequests();
          requests.add(id, request, number);
        }
        if (requests.size >= fullPacket) tellRequests();
        else tellSoon();
      });
    },
    async close() {
      isClosing = true;
      tell({ kind: 'close' });
      await closed.promise;
      await thread.terminate();
    },
  };
}
