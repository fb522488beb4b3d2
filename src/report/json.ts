/** One JSON object a line on stdout, for programs; the last one is the summary. */
import { Exit } from '../model/fault.ts';
import { estimate, type Reporter } from './summary.ts';

const progressEveryMs = 5000;

export function createJsonReporter(write: (line: string) => void, now: () => number): Reporter {
  let lastProgress = now();
  const say = (event: string, fields: object) => write(`${JSON.stringify({ event, ...fields })}\n`);
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
  return `${JSON.stringify({ event: 'error', code, message, hint, exit })}\n`;
}

export const isInterruption = (exit: Exit): boolean => exit === Exit.interrupted || exit === Exit.terminated;
