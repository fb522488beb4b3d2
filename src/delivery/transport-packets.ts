/**
 * What the two sides of a transport in a thread of its own tell each other: several requests or replies in one message, as lists of
 * numbers and texts and one run of bytes. An object for each would cost about as much as sending it.
 */
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';

/** What requests have in common: a method, and the names of headers in their order. */
interface Form {
  readonly method: ApiRequest['method'];
  readonly names: readonly string[];
}

export interface RequestPacket {
  readonly kind: 'requests';
  readonly ids: readonly number[];
  /** Forms that came up since the last packet. */
  readonly newForms: readonly Form[];
  /** By request, counted from the first form of the first packet. */
  readonly forms: readonly number[];
  /** The number of what calls a request off; 0: nothing does. */
  readonly signals: readonly number[];
  /** For each request its address, and the values of its headers. */
  readonly texts: readonly string[];
  /** One body behind the other, and perhaps room behind the last. */
  readonly bodies: Uint8Array<ArrayBuffer>;
  /** By request, where its body ends. */
  readonly ends: readonly number[];
}

export interface ReplyPacket {
  readonly kind: 'replies';
  readonly ids: readonly number[];
  readonly statuses: readonly number[];
  readonly bodies: readonly string[];
  readonly receivedAt: readonly number[];
  /** By reply, a place in `headerSets`: of neighbours they are mostly the same. */
  readonly headers: readonly number[];
  readonly headerSets: readonly ApiReply['headers'][];
  /** Failures, and replies that were cut. */
  readonly others: readonly (readonly [id: number, outcome: ApiReply | ApiFailure])[];
}

/** To the thread. */
export type ToTransport =
  | RequestPacket
  | { readonly kind: 'call-off'; readonly signal: number }
  | { readonly kind: 'close' };

/** From the thread. */
export type FromTransport =
  | ReplyPacket
  /** Sending threw, which is a bug. */
  | { readonly kind: 'broken'; readonly id: number; readonly error: unknown }
  | { readonly kind: 'closed' };

/** A packet that has so many leaves at once: whoever gets it can begin while the next one is being filled. */
export const fullPacket = 16;

/** @returns asks for `work` at the end of this turn of the event loop, however often it is called in it */
export function onceATurn(work: () => void): () => void {
  let isDue = false;
  return () => {
    if (isDue) return;
    isDue = true;
    setImmediate(() => {
      isDue = false;
      work();
    });
  };
}

/** Room for the bodies of a packet, unless one alone is larger. */
const packetBytes = 16_384;

type Growing<Packet> = {
  -readonly [Key in keyof Packet]: Packet[Key] extends readonly (infer One)[] ? One[] : Packet[Key];
};

export interface RequestPacker {
  /** False: there is no room for it beside those that wait. */
  add(id: number, request: ApiRequest, signal: number): boolean;
  /** Requests that wait to be taken. */
  readonly size: number;
  take(): RequestPacket;
}

export function createRequestPacker(): RequestPacker {
  const forms: Form[] = [];
  let told = 0;
  let lastForm = 0;
  let packet: Growing<RequestPacket> | undefined;
  let used = 0;

  const formOf = ({ method, headers }: ApiRequest): number => {
    const last = forms[lastForm];
    if (last !== undefined && hasForm(last, method, headers)) return lastForm;
    lastForm = forms.findIndex((form) => hasForm(form, method, headers));
    if (lastForm === -1) lastForm = forms.push({ method, names: Object.keys(headers) }) - 1;
    return lastForm;
  };

  return {
    add(id, request, signal) {
      const { body, url, headers } = request;
      let size = 0;
      for (const part of body) size += part.length;
      packet ??= emptyRequests(Math.max(size, packetBytes));
      if (used + size > packet.bodies.length) return false;
      packet.ids.push(id);
      packet.forms.push(formOf(request));
      packet.signals.push(signal);
      packet.texts.push(url);
      for (const name in headers) packet.texts.push(headers[name] ?? '');
      for (const part of body) {
        packet.bodies.set(part, used);
        used += part.length;
      }
      packet.ends.push(used);
      return true;
    },
    get size() {
      return packet?.ids.length ?? 0;
    },
    take() {
      const taken = packet ?? emptyRequests(0);
      taken.newForms.push(...forms.slice(told));
      told = forms.length;
      packet = undefined;
      used = 0;
      return taken;
    },
  };
}

const emptyRequests = (bytes: number): Growing<RequestPacket> => ({
  kind: 'requests',
  ids: [],
  newForms: [],
  forms: [],
  signals: [],
  texts: [],
  // A buffer of its own, to be moved; what nobody wrote is not read.
  bodies: Buffer.allocUnsafeSlow(bytes),
  ends: [],
});

function hasForm(form: Form, method: ApiRequest['method'], headers: ApiRequest['headers']): boolean {
  if (form.method !== method) return false;
  let at = 0;
  for (const name in headers) if (form.names[at++] !== name) return false;
  return at === form.names.length;
}

/** @returns calls `each` for each request of a packet, in order. Packets must come in the order in which they were taken. */
export function createRequestReader(): (
  packet: RequestPacket,
  each: (id: number, request: ApiRequest, signal: number) => void,
) => void {
  const known: Form[] = [];
  return ({ ids, newForms, forms, signals, texts, bodies, ends }, each) => {
    known.push(...newForms);
    let text = 0;
    let start = 0;
    for (const [index, id] of ids.entries()) {
      const form = known[forms[index] ?? 0];
      if (form === undefined) throw new RangeError(`form ${forms[index]} of ${known.length}`);
      const url = texts[text++] ?? '';
      const headers: Record<string, string> = {};
      for (const name of form.names) headers[name] = texts[text++] ?? '';
      const end = ends[index] ?? 0;
      const body = end === start ? [] : [bodies.subarray(start, end)];
      start = end;
      each(id, { method: form.method, url, headers, body }, signals[index] ?? 0);
    }
  };
}

export interface ReplyPacker {
  add(id: number, outcome: ApiReply | ApiFailure): void;
  /** Replies and failures that wait to be taken. */
  readonly size: number;
  take(): ReplyPacket;
}

export function createReplyPacker(): ReplyPacker {
  let packet = emptyReplies();
  return {
    add(id, outcome) {
      if (outcome.kind === 'failure' || outcome.truncated) {
        packet.others.push([id, outcome]);
        return;
      }
      const last = packet.headerSets.at(-1);
      if (last === undefined || !isSame(last, outcome.headers)) packet.headerSets.push(outcome.headers);
      packet.headers.push(packet.headerSets.length - 1);
      packet.ids.push(id);
      packet.statuses.push(outcome.status);
      packet.bodies.push(outcome.body);
      packet.receivedAt.push(outcome.receivedAt);
    },
    get size() {
      return packet.ids.length + packet.others.length;
    },
    take() {
      const taken = packet;
      packet = emptyReplies();
      return taken;
    },
  };
}

const emptyReplies = (): Growing<ReplyPacket> => ({
  kind: 'replies',
  ids: [],
  statuses: [],
  bodies: [],
  receivedAt: [],
  headers: [],
  headerSets: [],
  others: [],
});

function isSame(one: ApiReply['headers'], other: ApiReply['headers']): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** Calls `each` for each outcome of a packet. */
export function readReplies(packet: ReplyPacket, each: (id: number, outcome: ApiReply | ApiFailure) => void): void {
  const { ids, statuses, bodies, receivedAt, headers, headerSets, others } = packet;
  for (const [index, id] of ids.entries()) {
    each(id, {
      kind: 'reply',
      status: statuses[index] ?? 0,
      headers: headerSets[headers[index] ?? 0] ?? {},
      body: bodies[index] ?? '',
      truncated: false,
      receivedAt: receivedAt[index] ?? 0,
    });
  }
  for (const [id, outcome] of others) each(id, outcome);
}
