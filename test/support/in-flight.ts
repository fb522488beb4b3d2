/** Record numbers that the `start` event of a run named as in flight when the run before it died. */
export function namedInFlight(events: readonly Record<string, unknown>[]): Set<number> {
  const named = new Set<number>();
  const start = events.find(({ event }) => event === 'start');
  for (const { records } of (start?.['uncertain'] ?? []) as { records: string }[]) {
    for (const part of records.split(',')) {
      const [from = 0, to = from] = part.split('-').map(Number);
      for (let record = from; record <= to; record++) named.add(record);
    }
  }
  return named;
}
