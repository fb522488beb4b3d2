/**
 * Adobe Experience Platform, emulated from its contract (§10): an inlet that looks at the envelope and says yes, a
 * validation that comes later and puts what fails where nobody looks, a lake that keeps everything and a Profile store that
 * keeps one of each.
 */
import { randomUUID } from 'node:crypto';
import { type Json, rawNumber } from '../model/json.ts';
import { type Dataset, schemaFor } from './adobe/dataset.ts';
import { createIms } from './adobe/ims.ts';
import {
  checkedPerMinute,
  type InletIdentity,
  mostBodyBytes,
  problem,
  readEnvelope,
  readUpsert,
  spoken,
  unauthorized,
} from './adobe/inlet.ts';
import { readOuts, tell } from './adobe/read-outs.ts';
import { entityViolations, isObject, Stores } from './adobe/stores.ts';
import type { Violation } from './adobe/xdm.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';

export interface AdobeOptions {
  /** The inlet asks for a token. */
  readonly auth?: boolean;
  /** How a bad or aged token is answered: documents disagree (contract §9). */
  readonly badTokenStatus?: 401 | 403;
  /** Life of a token. */
  readonly tokenSeconds?: number;
  /** Which of the two shapes the items of a 207 have (contract §5.3). */
  readonly itemShape?: 'documented' | 'uuid';
  /** Only the VA7 data centre has synchronous validation (contract §5.1). */
  readonly isVa7?: boolean;
  readonly isOnAllowList?: boolean;
  /** From "received" to the check against the schema. */
  readonly validationDelayMs?: number;
  readonly newId?: () => string;
}

/** Things that only this platform's answers can do wrong; each spoils the next answer to a batch. */
export type AnswerFault =
  /** The last so many entries of `responses` are missing, though their messages were taken. */
  | { readonly kind: 'short'; readonly missing: number }
  | { readonly kind: 'text-status' }
  /** This message is not taken. */
  | { readonly kind: 'item'; readonly index: number; readonly status: number };

export interface AdobeEmulator extends Emulator {
  spoil(...faults: AnswerFault[]): void;
}

export const adobeEmulator: EmulatorType = {
  platform: 'adobe',
  readOuts,
  create: (clock) => createAdobe(clock),
};

const inletId = '5a6d0b0c5a4d8e1f0a2b4c6d8e0f10325476981badcfe0123456789abcdef042';
const imsOrgId = '5A4D0B0C5A4D8E1F0A2B4C6D@AdobeOrg';
const sandboxName = 'sandbox';
const client = { clientId: 'sandboxclient0000000000000000000', clientSecret: 'p8e-sandbox-only-secret-of-adobe' };
const ownDataset = {
  datasetId: '65a0b0c0d0e0f01020304050',
  schemaId: 'https://ns.adobe.com/sandbox/schemas/5a4d0b0c5a4d8e1f0a2b4c6d',
  flowId: '0c5a4d8e-1f0a-4b4c-8d8e-0f1032547698',
};

const collection = /^\/collection\/(batch\/)?([^/]+)$/;

export function createAdobe(clock: Clock, options: AdobeOptions = {}): AdobeEmulator {
  const { auth = true, badTokenStatus = 401, itemShape = 'documented', isVa7 = true, isOnAllowList = true } = options;
  const { validationDelayMs = 0, newId = randomUUID } = options;
  const inlet: InletIdentity = { inletId, imsOrgId };
  const ims = createIms({ ...client, lifetimeSeconds: options.tokenSeconds ?? 86_399 }, clock);
  const datasets = new Map<string, Dataset>();
  const flows = new Map<string, string>();
  let stores = new Stores();
  /** Taken, not yet looked at, in order of their time. */
  let pipeline: { readonly dueAt: number; readonly run: () => void }[] = [];
  let checkedAt: number[] = [];
  let faults: AnswerFault[] = [];
  let count = 0;

  const openOwn = () => {
    const { datasetId: id, schemaId, flowId } = ownDataset;
    datasets.set(id, { id, class: 'either', schemaId, schema: schemaFor('either', [], undefined) });
    flows.set(flowId, id);
  };
  openOwn();

  const settle = () => {
    const now = clock.now();
    const due = pipeline.findIndex(({ dueAt }) => dueAt > now);
    const ready = pipeline.splice(0, due === -1 ? pipeline.length : due);
    for (const { run } of ready) run();
  };
  const later = (run: () => void) => pipeline.push({ dueAt: clock.now() + validationDelayMs, run });

  function handle(request: EmulatorRequest): EmulatorReply {
    settle();
    if (request.method === 'POST' && request.path === '/ims/token/v3') return ims.handle(request);
    const [, batch, id] = collection.exec(request.path) ?? [];
    if (request.method !== 'POST' || id !== inletId) return { status: 404 };
    if (!isOnAllowList) return { status: 403 };
    const denied = auth ? checkToken(request.headers['authorization']) : undefined;
    if (denied !== undefined) return denied;
    if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) return { status: 415 };
    const sandbox = request.headers['x-sandbox-name'];
    if (sandbox !== undefined && sandbox !== sandboxName) return refuse(`Sandbox ${sandbox} does not have this inlet`);
    if (request.body.length > mostBodyBytes) return { status: 413, body: 'greater than 1MB' };
    const flowId = request.headers['x-adobe-flow-id'] ?? request.query.get('x-adobe-flow-id') ?? undefined;
    return batch === undefined ? takeOne(request, flowId) : takeMany(request, flowId);
  }

  function checkToken(header: string | undefined): EmulatorReply | undefined {
    if (header === undefined) return { status: 401, body: unauthorized(401, 'Ims service token is empty') };
    if (header.startsWith('Bearer ') && ims.isValid(header.slice('Bearer '.length))) return undefined;
    return { status: badTokenStatus, body: unauthorized(badTokenStatus, 'Ims service token is invalid or expired') };
  }

  const refuse = (message: string, violations?: readonly Violation[]): EmulatorReply => ({
    status: 400,
    body: problem(inlet, message, violations),
  });

  const nextXaction = () => {
    count += 1;
    return `${clock.now()}:${count}:${count % 1000}`;
  };

  /** What to do with a message, or the words with which it is refused. */
  function receive(
    message: Json | undefined,
    flowId: string | undefined,
  ):
    | { readonly store: () => void; readonly check: () => Violation[] }
    | { readonly refusal: string; readonly lacksHeader?: boolean } {
    if (flowId === undefined) return receiveXdm(message);
    const flowDataset = flows.get(flowId);
    if (flowDataset === undefined) return { refusal: 'Message names an unknown flow' };
    if (!isObject(message)) return { refusal: 'Message is invalid' };
    if (isObject(message['header']) && 'schemaRef' in message['header']) return receiveXdm(message);
    const uncheckable = () => [];
    if (!('header' in message)) return { store: () => stores.appendToLake(flowDataset, message), check: uncheckable };
    const upsert = readUpsert(message, inlet);
    if ('refusal' in upsert) return upsert;
    const dataset = datasets.get(upsert.datasetId);
    if (dataset === undefined || dataset.id !== flowDataset)
      return { refusal: 'Message names a dataset of another flow' };
    return { store: () => stores.writePrepared(dataset, upsert.row, upsert.operations), check: uncheckable };
  }

  function receiveXdm(message: Json | undefined): ReturnType<typeof receive> {
    const envelope = readEnvelope(message, inlet, (id) => datasets.get(id)?.schemaId);
    if ('refusal' in envelope) return envelope;
    const dataset = datasets.get(envelope.datasetId);
    if (dataset === undefined) return { refusal: 'Message has unknown xdm format' };
    const entity = envelope.body['xdmEntity'];
    const source = isObject(envelope.header['source']) ? envelope.header['source']['name'] : undefined;
    return {
      store: () => stores.writeXdm(dataset, entity, source, clock.now()),
      check: () => (isObject(entity) ? entityViolations(dataset, entity, clock.now()) : []),
    };
  }

  function takeOne({ query, body }: EmulatorRequest, flowId: string | undefined): EmulatorReply {
    const isChecked = [query.get('syncValidation'), query.get('synchronousValidation')].includes('true');
    if (isChecked && !isVa7) return { status: 501, body: 'synchronous validation is not available in this region' };
    if (isChecked && isTooFast()) return { status: 429 };
    const message = readJson(body);
    const received = receive(message, flowId);
    if ('refusal' in received) return refuse(received.refusal);
    if (isChecked) {
      // What fails here is kept nowhere, not even among the failed (contract §5.4).
      const violations = received.check();
      if (violations.length > 0) return refuse('Message is invalid', violations);
    }
    later(received.store);
    const syncValidation = isChecked ? { status: 'pass' } : { skipped: true };
    return {
      status: 200,
      body: { inletId, xactionId: nextXaction(), receivedTimeMs: clock.now(), syncValidation },
    };
  }

  /** Any sixty seconds count, not those of the clock on the wall. */
  function isTooFast(): boolean {
    const now = clock.now();
    checkedAt = checkedAt.filter((at) => at > now - 60_000);
    if (checkedAt.length >= checkedPerMinute) return true;
    checkedAt.push(now);
    return false;
  }

  function takeMany({ body }: EmulatorRequest, flowId: string | undefined): EmulatorReply {
    const request = readJson(body);
    const messages = isObject(request) ? request['messages'] : undefined;
    if (!Array.isArray(messages)) return refuse('Message is invalid');
    const batchId = nextXaction();
    const group = newId();
    const fault = faults.shift();
    let responses = messages.map((message, index) => {
      const xactionId = itemShape === 'uuid' ? `${group}-${index}` : `${batchId}:${index}`;
      if (fault?.kind === 'item' && fault.index === index)
        return refusalItem(xactionId, fault.status, 'Message was not taken');
      const received = receive(message, flowId);
      if (!('refusal' in received)) {
        later(received.store);
        return { xactionId };
      }
      const isHeader = itemShape === 'uuid' && received.lacksHeader === true;
      const words = isHeader
        ? "The 'header' field is mandatory. Provide a valid 'header' value and try again."
        : spoken(inlet, received.refusal);
      return refusalItem(xactionId, fault?.kind === 'text-status' ? '400' : 400, words);
    });
    if (fault?.kind === 'short') responses = responses.slice(0, Math.max(0, responses.length - fault.missing));
    return { status: 207, body: { inletId, batchId, receivedTimeMs: clock.now(), responses } };
  }

  const refusalItem = (xactionId: string, status: number | string, message: string): Record<string, unknown> =>
    itemShape === 'uuid' ? { xactionId, status, message } : { statusCode: status, message };

  return {
    settings: (origin) => ({
      baseUrl: origin,
      inletUrl: `${origin}/collection/${inletId}`,
      imsOrgId,
      sandboxName,
      ...ownDataset,
      ...(auth ? { ...client, tokenUrl: `${origin}/ims/token/v3` } : { auth: 'none' }),
    }),
    provision(operation, fields, settings, config) {
      const given = (name: string): unknown => settings[name] ?? config[name] ?? undefined;
      const text = (name: keyof typeof ownDataset): string => String(given(name) ?? ownDataset[name]);
      const id = text('datasetId');
      if (operation === 'record' || operation === 'event') {
        const schema = schemaFor(operation, fields, given('schema'));
        datasets.set(id, { id, class: operation, schemaId: text('schemaId'), schema });
      } else if (!datasets.has(id)) {
        datasets.set(id, {
          id,
          class: 'record',
          schemaId: text('schemaId'),
          schema: schemaFor('record', [], undefined),
        });
      }
      flows.set(text('flowId'), id);
    },
    handle,
    readOut(name, query) {
      settle();
      return tell(name, query, { stores, datasets, waiting: pipeline.length, tokens: ims.given });
    },
    summary() {
      settle();
      return summaryOf(stores);
    },
    reset() {
      datasets.clear();
      flows.clear();
      openOwn();
      ims.reset();
      stores = new Stores();
      pipeline = [];
      checkedAt = [];
      faults = [];
      count = 0;
    },
    spoil(...more) {
      faults.push(...more);
    },
  };
}

function summaryOf(stores: Stores): string[] {
  const places = new Set([...stores.lake.keys(), ...stores.profile.keys()]);
  const lines = [...places].map((id) => {
    const rows = stores.lake.get(id)?.length ?? 0;
    return `dataset ${id}: ${figure(rows)} rows in the lake, ${figure(stores.profile.get(id)?.size ?? 0)} in Profile`;
  });
  const { failed, dropped, deleted } = stores;
  if (failed.total > 0) lines.push(`accepted, then failed the schema: ${figure(failed.total)}`);
  if (dropped.total > 0) lines.push(`accepted, then dropped from Profile: ${figure(dropped.total)}`);
  if (deleted > 0) lines.push(`deleted from Profile: ${figure(deleted)}`);
  return lines;
}

const figure = (count: number) => count.toLocaleString('en');

/** Undefined when it is no JSON. Long numbers keep their digits. */
function readJson(body: Buffer): Json | undefined {
  const text = body.toString('utf8');
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d{16,}$/.test(context.source) ? rawNumber(context.source) : value;
}
