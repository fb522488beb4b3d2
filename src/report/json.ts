/** One JSON object a line on stdout, for programs; the last one is the summary. */
import { Exit } from '../model/fault.ts';
import { withoutCommands } from './request-text.ts';
import { estimate, type Reporter } from './summary.ts';

const progressEveryMs = 5000;

export function createJsonReporter(write: (line: string) => void, now: () => number): Reporter {
  let lastProgress = now();
  const say = (event: string, fields: object) => write(`${jsonLine({ event, ...fields })}\n`);
  return {
    started: (start) => say('start', start),
    notice: (text) => say('notice', { text }),
    progress(progress) {
      if (now() - lastProgress < progressEveryMs) return;
      lastProgress = now();
      const { secondsLeft, rowsPerSecond } = estimate(progress);
      say('progress', { ...progress, rowsPerSecond: Math.round(rowsPerSecond), secondsLeft });
    },
    paused: (until, reason) =>
      say('paused', { until: new Date(until).toISOString(), code: reason.code, reason: reason.reason }),
    finished: (summary) => say('summary', summary),
    close: () => {},
  };
}

/** The same shape for what ends a command before a summary could be made. */
export function errorLine(code: string, message: string, hint: string | undefined, exit: Exit): string {
  return `${jsonLine({ event: 'error', code, message, hint, exit })}\n`;
}

/** Read as JSON it is the same; on a terminal nothing in it is obeyed. */
export const jsonLine = (value: object): string => withoutCommands(JSON.stringify(value));

export const isInterruption = (exit: Exit): boolean => exit === Exit.interrupted || exit === Exit.terminated;
