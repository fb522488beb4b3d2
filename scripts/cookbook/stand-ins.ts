/**
 * What differs from one playing of a page to the next (folders, ports, the time of day) has a fixed stand-in on the page.
 * Commands may name stand-ins: they are turned back before the command is typed.
 */

export interface StandIns {
  /** As it came → as it stands on the page. Doing it twice changes nothing. */
  toPage(text: string): string;
  /** As it stands on the page → as it is to be typed or laid down. */
  fromPage(text: string): string;
  /** From now on the page's port is this one. */
  listen(port: number): void;
}

export const pageFolder = '/home/ada/loads';
const host = '127.0.0.1';
const pageOrigin = `${host}:4100`;
const pageDay = '20240301';
const runId = /\b\d{8}-\d{4}-[0-9a-f]{4}\b/g;

export function createStandIns(folder: string): StandIns {
  const runs = new Map<string, string>();
  let port: number | undefined;

  const runOf = (id: string): string => {
    const known = runs.get(id);
    if (known !== undefined) return known;
    if (id.startsWith(`${pageDay}-0900-`)) return id;
    const standIn = `${pageDay}-0900-${String(runs.size + 1).padStart(4, '0')}`;
    runs.set(id, standIn);
    return standIn;
  };

  return {
    toPage: (text) =>
      text
        .replaceAll(folder, pageFolder)
        .replace(runId, runOf)
        .replace(/127\.0\.0\.1:\d+/g, pageOrigin)
        .replace(/, [\d.]+ m?s(?: \([\d,]+ rows\/s\))?$/gm, ', 0.1 s (100 rows/s)')
        .replace(/\b20\d{6}T\d{6}Z\b/g, `${pageDay}T090000Z`)
        .replace(/(Credential=[^/\n]*)\/20\d{6}\//g, `$1/${pageDay}/`),
    fromPage(text) {
      let typed = port === undefined ? text : text.replaceAll(pageOrigin, `${host}:${port}`);
      for (const [id, standIn] of runs) typed = typed.replaceAll(standIn, id);
      return typed;
    },
    listen(own) {
      port = own;
    },
  };
}
