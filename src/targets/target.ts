/**
 * The interface every platform stands behind. A target only describes: what an item must look like, its limits, how items
 * become a request, how a request is signed, what a reply means. It does no I/O and keeps no state, so `preview` is
 * `push` without transport and every rule can be tested without a server.
 *
 * Differences that delivery must know (items a request, lanes, cost, repeatable or not) are fields here; delivery code
 * never asks for a target's name.
 */
import type * as z from 'zod';
import type { Fault } from '../model/fault.ts';
import type { JsonObject } from '../model/json.ts';
import type { ApiFailure, ApiReply, ApiRequest } from '../model/request.ts';
import type { Milliseconds, RetryPlan, Verdict } from '../model/verdict.ts';

/** What to do with an empty source cell. `null` erases at some platforms, hence no common default. */
export type EmptyPolicy = 'omit' | 'null' | 'keep' | 'reject';

/** A platform: how it is configured, and how to open it. `Config` is the shape of its own keys in `cdp-load.yaml`. */
export interface TargetType<Config> {
  /** Name in config and mapping files. */
  readonly type: string;
  /** Everyday names that work wherever the type's does (`stream`). */
  readonly aliases: readonly string[];
  readonly title: string;
  /** The target's own settings, beside those every target has. Strict. Each key has a `.describe()`. */
  readonly config: z.ZodType<Config>;
  /** Setting → environment variable it is taken from when the config file does not give it. Named after the vendor's words. */
  readonly environment: Readonly<Record<string, string>>;
  /** Settings whose values are never shown. */
  readonly secrets: readonly string[];
  /** Settings that hold addresses: checked for https (or loopback). `baseUrl` is always among them. */
  readonly addresses: readonly string[];
  readonly defaults: TargetDefaults;
  /** By name, in the order help lists them. */
  readonly operations: Readonly<Record<string, OperationType>>;
  open(config: Config, common: CommonSettings): Target;
}

/** Settings that every target has, after defaults. */
export interface CommonSettings {
  readonly baseUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Items and bytes a request; the smaller of these and the operation's own limits holds. */
  readonly maxRecords?: number;
  readonly maxBytes?: number;
}

export interface TargetDefaults {
  readonly baseUrl: string;
  /** Requests in flight, at most. */
  readonly concurrency: number;
  /** Cost units a second; absent where the platform names no limit. */
  readonly rate?: number;
  /** What a cost unit is, in a word ("request", "call or fact"). */
  readonly costUnit: string;
  /** From the last byte sent to the last byte received. */
  readonly timeoutMs: Milliseconds;
}

/** What is known of an operation before a target is configured: enough for `init`, help, schemas and editors. */
export interface OperationType {
  readonly summary: string;
  /** The mapping's `settings:` for this operation. Strict. Each key has a `.describe()`. */
  readonly settings: z.ZodObject;
  /** Fields an item may have, as far as they do not depend on settings. */
  readonly fields: readonly FieldRule[];
  /** What it destroys ("deletes the person and all history"); such an operation needs `--confirm-destructive`. */
  readonly destroys?: string;
}

/** One field an item may have. `name` is a dotted path; `traits.*` means anything below `traits`, `*` anything at all. */
export interface FieldRule {
  readonly name: string;
  readonly type?: FieldType;
  readonly required?: boolean;
  /** The mapping must name it, though its value may be empty (Raptor: a column that is absent drops the record). */
  readonly alwaysPresent?: boolean;
  readonly about?: string;
  /** Column names people use for this field, for `init` ("email", "e-mail", "mail"). */
  readonly alsoKnownAs?: readonly string[];
}
export type FieldType =
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'email'
  | 'list'
  | 'object'
  | 'any';

/** A configured destination. */
export interface Target {
  /**
   * What makes this destination this one, for the journal's load key: account and stream, with secrets only as a hash.
   * Never a secret itself.
   */
  readonly identity: string;
  readonly retry: RetryPlan;
  /** What "accepted" really means here, in a word for reports ("acknowledged" where the platform checks later). */
  readonly acceptedWord?: string;
  /** Lines to say at the start of a run ("draft mode: nothing reaches production"). */
  readonly notices: readonly string[];
  /** Compiles one entry of a mapping. Throws UserError for settings that cannot work. */
  operation(name: string, settings: unknown): Operation;
  /** Adds what must be fresh for EVERY attempt: signatures, dates, tokens. Pure. `token` is there when `token` below is. */
  authorize(request: ApiRequest, now: Date, token: string | undefined): ApiRequest;
  /** Present when requests need a token that must be fetched and ages. Delivery caches it, renews it ahead, single-flight. */
  readonly token?: TokenSource;
  /**
   * Stricter than what the user or the defaults ask for, because of how this target is configured (Adobe's checked
   * single messages: 60 a minute): the smaller of the two holds. Cost units a second.
   */
  readonly pace?: { readonly rate: number; readonly concurrency: number };
  /** Texts that stand in requests and give a secret away though no setting is spelled so (the id in Adobe's inlet URL). Masked wherever a request is shown. */
  readonly secretTexts?: readonly string[];
  /** One harmless call that proves the credentials, or why there is none. */
  readonly check: HarmlessCall | { readonly none: string };
}

export interface TokenSource {
  request(): ApiRequest;
  read(
    reply: ApiReply | ApiFailure,
  ): { readonly token: string; readonly lifetimeMs: Milliseconds } | Extract<Verdict, { kind: 'retry' | 'fatal' }>;
  /** Renew when less than this is left. */
  readonly renewBeforeMs: Milliseconds;
}

export interface HarmlessCall {
  /** What the call does, said before it is made when it leaves a trace. */
  readonly about: string;
  /** Tried in order until one answers `ok` (Data Talks probes regions); if none does, the first answer is told. `authorize` replaces the target's own. */
  readonly calls: readonly { readonly request: ApiRequest; readonly authorize?: Target['authorize'] }[];
  read(
    reply: ApiReply | ApiFailure,
    index: number,
  ): {
    readonly ok: boolean;
    readonly says: string;
    readonly hint?: string;
    /** Not ok, but it tells why: the calls after it are not made (Data Talks: the key works in another region). */
    readonly conclusive?: boolean;
  };
}

/** What an item may know of the row it comes from, beside its values. */
export interface RowContext {
  /**
   * Stable for this row of this load and this entry of the mapping's `items:`, under any number of threads and attempts:
   * seed of deterministic ids. Two entries of one row must differ, or the platform takes the second for a repetition of
   * the first and drops it. Hex, 32 digits or more.
   */
  readonly identity: string;
  /** Value of the mapping's `key` columns, joined; '' when the mapping names none. */
  readonly key: string;
  /** Start of the run, epoch milliseconds: for rules like "not in the future" and "younger than 72 hours". */
  readonly now: Milliseconds;
}

export interface Encoded {
  /** The item's JSON, as it will stand in the request. */
  readonly json: string;
  /** Items may share a request only if their routes are equal. Opaque to delivery. */
  readonly route: string;
  /** Who this item is about, by every id it touches. Items that share one are never in two requests at once and leave in file order. */
  readonly lanes: readonly string[];
  /** What {@link Operation.once} speaks of, where the mapping gave it. */
  readonly id?: string;
  /** Codes of things worth a word though the item goes out. */
  readonly warnings?: readonly { readonly code: string; readonly text: string }[];
}

/** Fixed bytes around the items of one request. Items are joined by a comma. */
export interface Frame {
  readonly prefix: string;
  readonly suffix: string;
}

/** What travels in one request, as a target sees it. */
export interface ChunkBody {
  readonly route: string;
  readonly items: number;
  /** Prefix, items with commas, suffix. */
  readonly body: readonly Uint8Array[];
  /** From the preceding `next` verdict, for operations of more than one step. */
  readonly carry?: string;
}

export interface Operation {
  readonly name: string;
  /** Items of operations with the same family and the same route may share a request (Customer.io: all calls in one `/batch`). */
  readonly family: string;
  /** Known fields under these settings. A mapping that names another one is refused, with a suggestion. */
  readonly fields: readonly FieldRule[];
  readonly emptyCells: {
    readonly allowed: readonly EmptyPolicy[];
    /** Absent: the mapping must say, for each field that may be empty. `why` tells the user what is at stake. */
    readonly fallback?: EmptyPolicy;
    readonly why: string;
  };
  /** Sending an item a second time leaves the platform as sending it once. Decides what happens to uncertain rows. */
  readonly repeatable: boolean;
  readonly destroys?: string;
  /**
   * Present when an item overwrites, in the thing that it is about, each field that it has: then a mapping may say `lastWins`,
   * and of several items about one thing the last is enough. `same`: paths into the item's JSON that must be equal, because
   * they say which thing is written, beside route and lanes.
   */
  readonly lastWins?: { readonly same: readonly (readonly string[])[] };
  /**
   * An id of which the platform keeps one item and no more, without a word of the others: {@link Encoded.id} of each. Asked of by
   * `validate` alone. `says`: what becomes of the others, a sentence.
   */
  readonly once?: { readonly name: string; readonly says: string };
  /**
   * Items of one route that give the same text must not share a request: nothing says which of them would count. Asked of the
   * item's JSON.
   */
  readonly apart?: (json: string) => string;
  /** Lines to say at the start of a run that uses this operation under these settings, beside the target's own. */
  readonly notices?: readonly string[];
  readonly limits: {
    readonly items: number;
    readonly bytes: number;
    /**
     * Each request replaces everything before it: the whole load must fit one request, which is never split and goes
     * out only when the input has ended within it (Raptor, overwrite). Rows left over make the load stop unsent.
     */
    readonly singleRequest?: boolean;
  };
  /** Whether two requests with one lane key must never overlap. */
  readonly laned: boolean;
  /** Checks what the platform would check or silently drop, and gives the item's bytes-to-be, or every fault it has. Pure. */
  encode(item: JsonObject, row: RowContext): Encoded | { readonly faults: readonly Fault[] };
  frame(route: string): Frame;
  /** Everything but what `authorize` adds. Pure: the same chunk gives the same bytes. */
  request(chunk: ChunkBody): ApiRequest;
  verdict(reply: ApiReply | ApiFailure, chunk: ChunkBody): Verdict;
  /**
   * There when the first request of a chunk only asks, without a body, and the items leave in a second one that is built
   * with the answer: what stands in the place of that answer where nothing is asked (`preview`, estimates).
   */
  readonly asksFirst?: { readonly standIn: string; readonly about: string };
  /** What the next request of a chunk costs, in the target's own cost units; `carry` as in {@link ChunkBody}. */
  cost(items: number, carry?: string): number;
  /** Stop the run after this many refusals in a row with the same text (20 where it is not said): the mapping is wrong, not the rows. */
  readonly identicalRefusals?: number;
}
