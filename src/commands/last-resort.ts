/** What must hold for every command, whatever goes wrong: closed outputs are no failure, and a crash has its own exit code. */
import type { Writable } from 'node:stream';
import { Exit } from '../model/fault.ts';

/**
 * A reader that went away (`| head`), a terminal that was closed, a full disk behind `> log`: a load goes on without being
 * watched. Its exit code and its journal still tell.
 */
export function tolerateClosedOutputs(): void {
  const ignore = (stream: Writable) => stream.on('error', () => {});
  ignore(process.stdout);
  ignore(process.stderr);
}

/** Node itself would end with 1, which says "finished, some rows rejected". */
export function exitAsInternalOnCrash(json: boolean): void {
  process.on('uncaughtException', (error) => {
    void import('./failure.ts').then(({ reportFailure }) => {
      reportFailure(error, json);
      process.exit(Exit.internal);
    });
  });
}
