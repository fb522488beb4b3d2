/** Names of runs: they sort by time, are short enough to type, and say when in UTC: `20261121-0300-7f3a`. */

/** `now` in epoch milliseconds; `random` in [0, 1); asks `isTaken` until a name is free. */
export function newRunId(now: number, random: () => number, isTaken: (id: string) => boolean): string {
  const digits = new Date(now).toISOString().replace(/\D/g, '');
  for (let width = 4; ; width += 1) {
    const number = Math.floor(random() * 16 ** width);
    const id = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${number.toString(16).padStart(width, '0')}`;
    if (!isTaken(id)) return id;
    // A wider number at each try: an unlucky or broken source of randomness still comes to an end.
  }
}

export const isRunId = (text: string): boolean => /^\d{8}-\d{4}-[0-9a-f]{4,}$/.test(text);

/** Epoch milliseconds, to the minute. */
export const startOfRun = (id: string): number => {
  const [, year = '', month = '', day = '', hour = '', minute = ''] =
    /^(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)/.exec(id) ?? [];
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}Z`);
};
