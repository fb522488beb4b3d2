/** One number for a whole store, whatever the order: two stores with the same rows, doubles counted, have the same digest. */
import { hash } from 'node:crypto';

/** Keys sorted at every depth, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, held]) => `${JSON.stringify(key)}:${canonicalJson(held)}`).join(',')}}`;
}

/** Sum of the rows' SHA-256, modulo 2^256, in hex. A sum and not an exclusive or: that would let pairs vanish. */
export function digestOf(rows: Iterable<unknown>): string {
  let sum = 0n;
  for (const row of rows) {
    sum += BigInt(`0x${hash('sha256', canonicalJson(row))}`);
  }
  return BigInt.asUintN(256, sum).toString(16).padStart(64, '0');
}
