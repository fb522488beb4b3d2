/** One request and its answer on the wire, spoilt as a fault script says. */
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Clock, EmulatorReply } from './emulator.ts';
import { type Decision, replyHeaders, replyText } from './faults.ts';

export const noAnswer = 0;

/** Gives the status that was answered, or {@link noAnswer}. `handle` is called unless the platform is not to see the request. */
export async function exchange(
  handle: () => EmulatorReply | Promise<EmulatorReply>,
  response: ServerResponse,
  { delayMs, action }: Decision,
  clock: Clock,
): Promise<number> {
  if (delayMs > 0) await clock.sleep(delayMs);
  switch (action?.do) {
    case 'reply':
      if (action.stored) await handle();
      send(response, action);
      return action.status;
    case 'hang':
      // The connection stays open and silent until the client ends it, or the sandbox closes.
      if (action.stored) await handle();
      return noAnswer;
    case 'cut': {
      const truth = action.when === 'before' ? undefined : await handle();
      if (truth !== undefined && action.when === 'in-reply') response.socket?.end(half(truth));
      else reset(response);
      return noAnswer;
    }
    case 'slow': {
      const truth = await handle();
      await trickle(response, wireBytes(truth), () => clock.sleep(action.msPerByte));
      return truth.status;
    }
    case 'truncate': {
      const truth = await handle();
      const text = replyText(truth);
      send(response, { ...truth, headers: replyHeaders(truth), body: text.slice(0, text.length >> 1) });
      return truth.status;
    }
    case 'empty': {
      const truth = await handle();
      send(response, { ...truth, body: '' });
      return truth.status;
    }
    case undefined: {
      const truth = await handle();
      send(response, truth);
      return truth.status;
    }
  }
}

export function send(response: ServerResponse, reply: EmulatorReply): void {
  const text = replyText(reply);
  response.writeHead(reply.status, { ...replyHeaders(reply), 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function reset({ socket }: ServerResponse): void {
  if (socket instanceof Socket) socket.resetAndDestroy();
}

const headBytes = (reply: EmulatorReply, text: Buffer): Buffer => {
  const headers = { ...replyHeaders(reply), 'content-length': text.length, connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${reply.status} Answer\r\n${lines.join('')}\r\n`);
};

function wireBytes(reply: EmulatorReply): Buffer {
  const text = Buffer.from(replyText(reply));
  return Buffer.concat([headBytes(reply, text), text]);
}

/** Ends inside the body, or inside the headers where there is no body. */
function half(reply: EmulatorReply): Buffer {
  const text = Buffer.from(replyText(reply));
  const head = headBytes(reply, text);
  return text.length === 0
    ? head.subarray(0, head.length >> 1)
    : Buffer.concat([head, text.subarray(0, text.length >> 1)]);
}

async function trickle({ socket }: ServerResponse, bytes: Buffer, wait: () => Promise<void>): Promise<void> {
  for (let index = 0; index < bytes.length && socket !== null && !socket.destroyed; index++) {
    await wait();
    socket.write(bytes.subarray(index, index + 1));
  }
  socket?.end();
}
