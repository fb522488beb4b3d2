/**
 * The engine as a library: the same pieces that the command line is made of. Importing it starts nothing and touches no
 * global. A load goes `prepare` → `openJournal` → `enroll` → `createFileFeed` → `executeRun`; `commands/push.ts` reads as an example.
 */
export { loadConfig } from './config/load.ts';
export { type ResolvedTarget, resolveTarget } from './config/resolve.ts';
export type { LedgerEvent, Settlement } from './delivery/ledger.ts';
export { createThreadedTransport } from './delivery/threaded-transport.ts';
export { createTransport, type Transport, type TransportOptions } from './delivery/transport.ts';
export { type Book, createMemoryBook } from './engine/book.ts';
export { type Enrolled, enroll } from './engine/enroll.ts';
export { createFileFeed, type StreamedFile } from './engine/file-feed.ts';
export { type Prepared, type PrepareOptions, prepare } from './engine/prepare.ts';
export { executeRun, type RunOrder, type RunWorld } from './engine/run.ts';
export { openSource, type Source, type SourceOptions } from './input/source.ts';
export { type Journal, openJournal } from './journal/journal.ts';
export { readRejects } from './journal/read-rejects.ts';
export { type RejectedRow, RowFile, rowFiles } from './journal/rejects.ts';
export { type CompiledMapping, compileMapping } from './mapping/compile.ts';
export { loadMapping, parseMapping } from './mapping/load.ts';
export type { Mapping } from './mapping/mapping.ts';
export { runMappingTests } from './mapping/tests.ts';
export { type Clock, systemClock } from './model/clock.ts';
export { Exit, type Fault, UserError } from './model/fault.ts';
export type { Reporter, Summary } from './report/summary.ts';
export { type Sandbox, startSandbox } from './sandbox/server.ts';
export { findTargetType, targetTypes } from './targets/index.ts';
export type { Operation, Target, TargetType } from './targets/target.ts';
