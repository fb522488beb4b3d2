/** The last requests, for people who wonder what their load did. Bounded, and without what must not be read: no headers, no query, no ids in paths. */
import type { EmulatorRequest } from './emulator.ts';
import type { Decision } from './faults.ts';

export interface LoggedRequest {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly platform: string;
  readonly request: EmulatorRequest;
  /** 0: no answer. */
  readonly status: number;
  readonly decision: Decision;
}

/** A line of the log as it is shown. */
export interface LogEntry {
  readonly number: number;
  readonly at: string;
  readonly platform: string;
  readonly method: string;
  readonly path: string;
  readonly bytes: number;
  readonly status: number;
  readonly fault?: string;
  readonly delayMs?: number;
}

export interface RequestLog {
  add(request: LoggedRequest): void;
  /** Oldest first. `platform` and `limit` in the query narrow it. */
  entries(query: URLSearchParams): readonly LogEntry[];
}

interface Kept extends Omit<LoggedRequest, 'request'> {
  readonly number: number;
  readonly method: string;
  readonly path: string;
  readonly bytes: number;
}

export function createRequestLog(size = 10_000): RequestLog {
  const kept: Kept[] = [];
  let count = 0;
  return {
    add({ request, ...rest }) {
      const { method, path, body } = request;
      kept[count % size] = { ...rest, number: count + 1, method, path, bytes: body.length };
      count++;
    },
    entries(query) {
      const platform = query.get('platform');
      const limit = Number(query.get('limit') ?? size);
      return [...kept.slice(count % size), ...kept.slice(0, count % size)]
        .sort((a, b) => a.number - b.number)
        .filter((entry) => platform === null || entry.platform === platform)
        .slice(-Math.max(1, limit))
        .map(shown);
    },
  };
}

const longId = /[0-9a-zA-Z_-]{16,}/g;

function shown({ number, at, platform, method, path, bytes, status, decision }: Kept): LogEntry {
  return {
    number,
    at: new Date(at).toISOString(),
    platform,
    method,
    path: path.replace(longId, '•••'),
    bytes,
    status,
    ...(decision.action === undefined ? {} : { fault: decision.action.do }),
    ...(decision.delayMs === 0 ? {} : { delayMs: decision.delayMs }),
  };
}
