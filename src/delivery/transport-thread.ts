/** The thread's side of `threaded-transport.ts`: requests in, what becomes of them out. */
import { parentPort } from 'node:worker_threads';
import { threadData } from '../threads/start.ts';
import { createTransport, type TransportOptions } from './transport.ts';
import {
  createReplyPacker,
  createRequestReader,
  type FromTransport,
  fullPacket,
  onceATurn,
  type ToTransport,
} from './transport-packets.ts';
import type { TlsFiles } from './transport-tls.ts';

export interface TransportThreadData {
  readonly options: TransportOptions;
  readonly tls: TlsFiles;
}

const port = parentPort;
if (port === null) throw new Error('transport-thread runs only as a thread');

const { options, tls } = threadData<TransportThreadData>();
const transport = createTransport(options, tls);
const read = createRequestReader();
const replies = createReplyPacker();
const callOffs = new Map<number, AbortController>();

const tell = (message: FromTransport) => port.postMessage(message);

const tellReplies = () => {
  if (replies.size > 0) tell(replies.take());
};

const tellSoon = onceATurn(tellReplies);

const callOffOf = (signal: number): AbortController => {
  let callOff = callOffs.get(signal);
  if (callOff === undefined) {
    callOff = new AbortController();
    callOffs.set(signal, callOff);
  }
  return callOff;
};

port.on('message', (message: ToTransport) => {
  switch (message.kind) {
    case 'requests':
      read(message, (id, request, signal) => {
        void transport.send(request, signal === 0 ? undefined : callOffOf(signal).signal).then((outcome) => {
          replies.add(id, outcome);
          if (replies.size >= fullPacket) tellReplies();
          else tellSoon();
        });
      });
      break;
    case 'call-off':
      callOffOf(message.signal).abort();
      break;
    case 'close':
      void transport.close().then(() => {
        // What was under way has failed by now, and is told of first.
        setImmediate(() => {
          tellReplies();
          tell({ kind: 'closed' });
        });
      });
      break;
  }
});
