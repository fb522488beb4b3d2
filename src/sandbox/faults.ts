/**
 * Faults as data: which requests, and what goes wrong with them. A script is a list of rules; the same script and the same
 * order of requests give the same faults, chance included. Rules are walked in their order: a delay or a rate limit with
 * room left goes on to the next rule, anything else ends the walk.
 */
import * as z from 'zod';
import { UserError } from '../model/fault.ts';
import type { SandboxCode } from './codes.ts';
import type { Clock, EmulatorReply } from './emulator.ts';

const isRegExp = (text: string) => {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
};

const stored = z
  .boolean()
  .default(false)
  .describe('Whether the platform took the request before this happened to the answer');
const milliseconds = z.number().min(0).max(3_600_000);
const status = z.number().int().min(200).max(599);

const action = z.discriminatedUnion('do', [
  z.strictObject({
    do: z.literal('reply').describe('Answers this instead'),
    status,
    headers: z.record(z.string(), z.string()).optional(),
    body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional(),
    stored,
  }),
  z.strictObject({
    do: z.literal('html').describe('A page, as a proxy sends it'),
    status: status.default(200),
    stored,
  }),
  z.strictObject({
    do: z.literal('delay').describe('Waits before anything is stored, then goes on'),
    ms: milliseconds,
  }),
  z.strictObject({
    do: z.literal('cut').describe('Cuts the connection'),
    when: z.enum(['before', 'after', 'in-reply']),
  }),
  z.strictObject({ do: z.literal('hang').describe('Never answers'), stored }),
  z.strictObject({ do: z.literal('slow').describe('The true answer, byte by byte'), msPerByte: milliseconds }),
  z.strictObject({
    do: z.literal('truncate').describe('The true answer with half of its body, and a length that agrees'),
  }),
  z.strictObject({ do: z.literal('empty').describe('The true status with no body') }),
  z.strictObject({
    do: z.literal('rate-limit').describe('Refuses what comes faster'),
    perSecond: z.number().positive(),
    burst: z.number().int().min(1).optional(),
    status: status.default(429),
    retryAfter: z.enum(['seconds', 'date', 'none']).default('seconds'),
  }),
]);

const rule = z.strictObject({
  path: z
    .string()
    .refine(isRegExp, { error: 'not a regular expression' })
    .optional()
    .describe('Of the path below the prefix'),
  method: z.string().optional(),
  nth: z.array(z.number().int().min(1)).optional().describe('Which of the requests that path and method match, from 1'),
  every: z.number().int().min(1).optional().describe('Each so-many-th of them'),
  from: z.number().int().min(1).optional().describe('From this one on'),
  times: z.number().int().min(1).optional().describe('Not more often than this'),
  probability: z.number().min(0).max(1).optional(),
  seed: z.number().int().default(1),
  action,
});

export const faultScriptSchema = z.array(rule);
/** As a person writes it. */
export type FaultScript = z.input<typeof faultScriptSchema>;
type Rule = z.output<typeof rule>;
export type FaultAction = Exclude<Rule['action'], { do: 'delay' | 'rate-limit' | 'html' }>;

/** What happens to one request. */
export interface Decision {
  readonly delayMs: number;
  readonly action?: FaultAction;
}

export interface Faults {
  next(request: { readonly method: string; readonly path: string }): Decision;
  /** How often each rule struck. */
  readonly hits: readonly number[];
  readonly rules: readonly Rule[];
}

const nothing: Decision = { delayMs: 0 };
const page = '<!doctype html><html><head><title>Error</title></head><body><h1>Something in between</h1></body></html>';

/** Throws UserError for a script that cannot be right. */
export function createFaults(script: unknown, clock: Clock): Faults {
  const parsed = faultScriptSchema.safeParse(script);
  if (!parsed.success) {
    const complaints = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
    throw new UserError(
      'fault-script-invalid' satisfies SandboxCode,
      `The fault script is wrong: ${complaints.join('; ')}.`,
      { hint: 'A script is a list of rules like { "every": 3, "action": { "do": "reply", "status": 503 } }.' },
    );
  }
  const hits = parsed.data.map(() => 0);
  const compiled = parsed.data.map((data, index) => ({ index, strikes: striking(data), apply: applying(data, clock) }));

  return {
    hits,
    rules: parsed.data,
    next(request) {
      if (compiled.length === 0) return nothing;
      let delayMs = 0;
      let action: FaultAction | undefined;
      for (const { index, strikes, apply } of compiled) {
        // Every rule counts every request, so that its numbers do not hang on what the rules before it did.
        if (!strikes(request, hits[index] ?? 0) || action !== undefined) continue;
        const effect = apply();
        if (effect === undefined) continue;
        hits[index] = (hits[index] ?? 0) + 1;
        if (typeof effect === 'number') delayMs += effect;
        else action = effect;
      }
      return action === undefined ? { delayMs } : { delayMs, action };
    },
  };
}

function striking(data: Rule): (request: { method: string; path: string }, hits: number) => boolean {
  const path = data.path === undefined ? undefined : new RegExp(data.path);
  const nth = data.nth === undefined ? undefined : new Set(data.nth);
  const random = seededRandom(data.seed);
  let count = 0;
  return (request, hits) => {
    if (path !== undefined && !path.test(request.path)) return false;
    if (data.method !== undefined && data.method !== request.method) return false;
    count++;
    const chance = data.probability === undefined || random() < data.probability;
    if (!chance || (data.times !== undefined && hits >= data.times)) return false;
    if (data.from !== undefined && count < data.from) return false;
    if (data.every !== undefined && count % data.every !== 0) return false;
    return nth === undefined || nth.has(count);
  };
}

/** A number is a delay; nothing means that the rule had no reason to act. */
function applying({ action: given }: Rule, clock: Clock): () => FaultAction | number | undefined {
  switch (given.do) {
    case 'delay':
      return () => given.ms;
    case 'html': {
      const headers = { 'content-type': 'text/html; charset=utf-8' };
      return () => ({ do: 'reply', status: given.status, headers, body: page, stored: given.stored });
    }
    case 'rate-limit':
      return rateLimit(given, clock);
    default:
      return () => given;
  }
}

function rateLimit(
  {
    perSecond,
    burst = Math.max(1, Math.floor(perSecond)),
    status,
    retryAfter,
  }: Extract<Rule['action'], { do: 'rate-limit' }>,
  clock: Clock,
): () => FaultAction | undefined {
  let tokens = burst;
  let filledAt = clock.now();
  return () => {
    const now = clock.now();
    tokens = Math.min(burst, tokens + ((now - filledAt) / 1000) * perSecond);
    filledAt = now;
    if (tokens >= 1) {
      tokens -= 1;
      return undefined;
    }
    const seconds = Math.max(1, Math.ceil((1 - tokens) / perSecond));
    const headers: Record<string, string> =
      retryAfter === 'none'
        ? {}
        : { 'retry-after': retryAfter === 'seconds' ? String(seconds) : new Date(now + seconds * 1000).toUTCString() };
    return { do: 'reply', status, headers, stored: false };
  };
}

/** Uniform in [0, 1), the same row of numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const replyText = ({ body }: EmulatorReply): string =>
  body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);

export const replyHeaders = ({ headers, body }: EmulatorReply): Readonly<Record<string, string>> =>
  typeof body === 'object' ? { 'content-type': 'application/json', ...headers } : (headers ?? {});
