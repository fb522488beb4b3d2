/**
 * What one emulated platform is: a state, a handler that checks like the real one, and read-outs that answer "what did
 * the platform end up holding?". Emulators know nothing of targets' code: they are written from the contracts alone, so
 * that a fault in a target cannot hide in its emulator.
 */
import type { FieldRule } from '../targets/target.ts';

export interface EmulatorRequest {
  readonly method: string;
  /** Path below the platform's prefix, still percent-encoded, without the query. */
  readonly path: string;
  /** Path and query as they stood in the request line, prefix included (signatures cover it). */
  readonly rawUrl: string;
  readonly query: URLSearchParams;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface EmulatorReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. */
  readonly body?: string | object;
}

/** Time as the emulator sees it; tests turn it. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

export interface Emulator {
  /**
   * Settings (as in `cdp-load.yaml`) with which a target of this type talks to this emulator. `origin` is where its
   * prefix begins, e.g. `http://127.0.0.1:4100/raptor`. The credentials are the emulator's own, never a user's.
   */
  settings(origin: string): Readonly<Record<string, unknown>>;
  /**
   * Does what a person does in the vendor's console before a load: defines the stream, schema or type for this operation.
   * `config` is the target's settings, `settings` the mapping's.
   */
  provision(
    operation: string,
    fields: readonly FieldRule[],
    settings: Readonly<Record<string, unknown>>,
    config: Readonly<Record<string, unknown>>,
  ): void;
  handle(request: EmulatorRequest): EmulatorReply | Promise<EmulatorReply>;
  /** Test-only read-outs: `GET <prefix>/__emu/<name>`. `undefined` = no such read-out. */
  readOut(name: string, query: URLSearchParams): unknown;
  /** What is stored, a line each, for the demo and `--sandbox` ("stream 3f0c…: 1,985 persons"). */
  summary(): readonly string[];
  reset(): void;
}

export interface EmulatorType {
  /** Target type it stands in for, and its path prefix. */
  readonly platform: string;
  /** Name → what it tells, for the sandbox's front page. */
  readonly readOuts?: Readonly<Record<string, string>>;
  create(clock: Clock): Emulator;
}
