/** What a row is known by, under one entry of the mapping, in every attempt and every run of its load: 64 hexadecimal digits, seed of all its ids. */
import { hash } from 'node:crypto';

/** @param loadKey seed of the load; @param record the row's number, of a group its first */
export const rowIdentity = (loadKey: string, record: number, entry: number): string =>
  hash('sha256', `${loadKey}:${record}:${entry}`);
