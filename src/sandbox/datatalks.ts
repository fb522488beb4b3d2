/**
 * Data Talks, emulated from its contract (§10): a gateway that verifies signatures and tells five faults apart by one
 * status, and behind it an application that checks records against the customer's mapping, drops what it does not know,
 * and keeps one record for each Hard-ID.
 */
import { randomUUID } from 'node:crypto';
import { type Json, rawNumber } from '../model/json.ts';
import { type Mapping, mappedPart, problemsOf } from './datatalks/fields.ts';
import { readMapping } from './datatalks/provision.ts';
import { digestOf } from './digest.ts';
import type { Clock, Emulator, EmulatorReply, EmulatorRequest, EmulatorType } from './emulator.ts';
import { verifySignature } from './sigv4.ts';

export interface DatatalksOptions {
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  readonly region?: string;
  /** Requests a second before the gateway throttles. */
  readonly rps?: number;
  readonly newId?: () => string;
}

interface StoredRecord {
  readonly datatalksId: string;
  readonly groupKey?: string;
  /** How often it was written. */
  readonly writes: number;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Refusal {
  readonly at: string;
  readonly messages: readonly string[];
}
const noRefusals = { total: 0, samples: [] };
const mostSamples = 1000;

const route = /^\/v[23]\/(profiles|events|inventory)$/;
const gatewayMaxBytes = 10_000_000; // contract §4
const gatewayRps = 10_000; // contract §4
const toleranceMs = 5 * 60_000; // contract §10, step 2
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const datatalksEmulator: EmulatorType = {
  platform: 'datatalks',
  readOuts: {
    types: 'the data point types with their mappings, and how many records each holds',
    'profiles/TYPE': 'what is stored (limit=, offset=); events/TYPE and inventory/TYPE likewise',
    'profiles/TYPE/digest': 'one number for all records, whatever their order',
    'profiles/TYPE/duplicates': 'records that were written more than once',
    refused: 'how many records were refused, and samples with their messages',
  },
  create: (clock) => createDatatalks(clock),
};

export function createDatatalks(clock: Clock, options: DatatalksOptions = {}): Emulator {
  const {
    accessKeyId = 'AKIDSANDBOXDATATALKS',
    secretAccessKey = 'sandbox/only+Secret/Of/Data/Talks0000000',
    region = 'eu-west-1',
    rps = gatewayRps,
    newId = randomUUID,
  } = options;
  /** By `entity/type`. */
  const mappings = new Map<string, Mapping>();
  const groupKeys = new Set<string>();
  const stored = new Map<string, Map<string, StoredRecord>>();
  let refusals: { readonly total: number; readonly samples: readonly Refusal[] } = noRefusals;
  let second = Number.NaN;
  let inSecond = 0;

  const application = (
    status: number,
    success: boolean,
    messages: readonly string[],
    datatalksId: string | null,
  ): EmulatorReply => ({
    status,
    body: { success, messages, requestId: newId(), datatalksId, key: accessKeyId },
  });
  const refused = (...messages: string[]) => {
    const { total, samples } = refusals;
    const kept =
      samples.length < mostSamples ? [...samples, { at: new Date(clock.now()).toISOString(), messages }] : samples;
    refusals = { total: total + 1, samples: kept };
    return application(400, false, messages, null);
  };

  function isThrottled(): boolean {
    const now = Math.floor(clock.now() / 1000);
    if (now !== second) {
      second = now;
      inSecond = 0;
    }
    inSecond += 1;
    return inSecond > rps;
  }

  function handle(request: EmulatorRequest): EmulatorReply {
    const entity = route.exec(request.path)?.[1];
    if (entity === undefined || request.method !== 'POST') {
      return forbidden('MissingAuthenticationTokenException', 'Missing Authentication Token');
    }
    const finding = verifySignature(request, {
      region,
      service: 'execute-api',
      now: clock.now(),
      toleranceMs,
      secretOf: (id) => (id === accessKeyId ? secretAccessKey : undefined),
    });
    if (!finding.good) return forbidden(finding.errorType, finding.message);
    if (request.body.length > gatewayMaxBytes) return gateway(413, 'Request Too Long');
    if (isThrottled()) return gateway(429, 'Too Many Requests');
    return accept(entity, request.path.startsWith('/v2/'), request.body.toString('utf8'));
  }

  function accept(entity: string, isV2: boolean, text: string): EmulatorReply {
    const body = readJson(text);
    if (body === undefined) return refused('The request body is not valid JSON.');
    if (!isRecord(body)) return refused('The request body must be a JSON object.');
    const { type, data, groupKey, datatalksId } = body;
    const wrapper: string[] = [];
    if (typeof type !== 'string' || type === '') wrapper.push("'type' is missing.");
    if (!isRecord(data)) wrapper.push("'data' is missing or not an object.");
    const strange = Object.keys(body).find((name) => !['type', 'data', 'groupKey', 'datatalksId'].includes(name));
    if (strange !== undefined) wrapper.push(`'${strange}' is not a key of a request.`);
    if (groupKey !== undefined && (typeof groupKey !== 'string' || !groupKeys.has(groupKey))) {
      wrapper.push("'groupKey' is unknown.");
    }
    if (groupKey === undefined && isV2 && groupKeys.size > 0) wrapper.push("'groupKey' is missing.");
    if (datatalksId !== undefined && !(typeof datatalksId === 'string' && uuidForm.test(datatalksId))) {
      wrapper.push("'datatalksId' is not a UUID.");
    }
    const mapping = mappings.get(`${entity}/${String(type)}`);
    if (wrapper.length === 0 && mapping === undefined)
      wrapper.push(`There is no data point type '${String(type)}' of ${entity}.`);
    if (mapping === undefined || !isRecord(data) || wrapper.length > 0) return refused(...wrapper);

    const problems = problemsOf(data, mapping);
    if (problems.length > 0) return refused(...problems);
    return application(200, true, [''], store(`${entity}/${String(type)}`, mapping, data, { groupKey, datatalksId }));
  }

  /** Gives the record's datatalksId: the one it has, or a new one. */
  function store(
    place: string,
    mapping: Mapping,
    data: Readonly<Record<string, unknown>>,
    wrapper: { readonly groupKey: unknown; readonly datatalksId: unknown },
  ): string {
    const records = stored.get(place) ?? new Map<string, StoredRecord>();
    stored.set(place, records);
    const key = JSON.stringify(mapping.hardId.map((name) => data[name]));
    const before = records.get(key);
    const id = before?.datatalksId ?? (typeof wrapper.datatalksId === 'string' ? wrapper.datatalksId : newId());
    records.set(key, {
      datatalksId: id,
      ...(typeof wrapper.groupKey === 'string' ? { groupKey: wrapper.groupKey } : {}),
      writes: (before?.writes ?? 0) + 1,
      data: mappedPart(data, mapping),
    });
    return id;
  }

  return {
    // The real platform names no limit; this one is known to bear what its gateway lets through.
    settings: (origin) => ({ baseUrl: origin, accessKeyId, secretAccessKey, region, rate: rps * 0.8, concurrency: 32 }),
    provision(operation, _fields, settings, config) {
      const { type, mapping } = readMapping(settings);
      mappings.set(`${operation}/${type}`, mapping);
      if (typeof config['groupKey'] === 'string') groupKeys.add(config['groupKey']);
    },
    handle,
    readOut(name, query) {
      if (name === 'types')
        return [...mappings].map(([place, mapping]) => ({ place, ...mapping, records: stored.get(place)?.size ?? 0 }));
      if (name === 'refused') return refusals;
      const [, place = '', about] = /^([a-z]+\/.+?)(?:\/(digest|duplicates))?$/.exec(name) ?? [];
      if (!mappings.has(place)) return undefined;
      const records = [...(stored.get(place)?.values() ?? [])];
      if (about === 'digest') return { records: records.length, digest: digestOf(records.map(({ data }) => data)) };
      if (about === 'duplicates') return records.filter(({ writes }) => writes > 1);
      const offset = Number(query.get('offset') ?? 0);
      return records.slice(offset, offset + Number(query.get('limit') ?? Infinity));
    },
    summary() {
      const lines = [...stored].map(([place, records]) => {
        const [entity, type] = place.split('/');
        return `${type}: ${figure(records.size)} ${entity}`;
      });
      return refusals.total === 0 ? lines : [...lines, `requests refused: ${figure(refusals.total)}`];
    },
    reset() {
      mappings.clear();
      groupKeys.clear();
      stored.clear();
      refusals = noRefusals;
      inSecond = 0;
    },
  };
}

const figure = (count: number) => count.toLocaleString('en');

const gateway = (status: number, message: string): EmulatorReply => ({ status, body: { message } });

const forbidden = (errorType: string, message: string): EmulatorReply => ({
  ...gateway(403, message),
  headers: { 'x-amzn-ErrorType': errorType },
});

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Undefined when it is no JSON. Long numbers keep their digits: two ids of 19 digits must not become one. */
function readJson(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, keepDigits) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return rawNumber(context.source) satisfies Json;
}
