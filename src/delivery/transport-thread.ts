/** The thread's side of `threaded-transport.ts`: requests in, what becomes of them out. */
import { parentPort } from 'node:worker_threads';
import type { ApiRequest } from '../model/request.ts';
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
/** Few: a run has one or two. What is in a packet behind a call-off must find it. */
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

async function send(id: number, request: ApiRequest, signal: number): Promise<void> {
  try {
    replies.add(id, await transport.send(request, signal === 0 ? undefined : callOffOf(signal).signal));
  } catch (error) {
    tell({ kind: 'broken', id, error });
    return;
  }
  if (replies.size >= fullPacket) tellReplies();
  else tellSoon();
}

port.on('message', (message: ToTransport) => {
  switch (message.kind) {
    case 'requests':
      read(message, send);
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
