/**
 * `messageId` is what Customer.io de-duplicates on, so it must be the same for one item through every attempt, thread and
 * resumed run: a hash of the row's identity and the operation, never random (contract §7).
 */
import { hash } from 'node:crypto';
import type { Milliseconds } from '../../model/verdict.ts';

/** `uuid`: in the shape of version 5. `ulid`: 26 characters, what the workspace behind the pipeline declares (contract §7). */
export type MessageIdStyle = 'uuid' | 'ulid';

export const longestMessageId = 100; // contract §7

/** @param at the item's own timestamp; a ULID begins with it */
export type MakeMessageId = (identity: string, at: Milliseconds | undefined) => string;

export function messageIdMaker(style: MessageIdStyle, operation: string): MakeMessageId {
  const digest = (identity: string) => hash('sha1', `cdp-load customerio ${operation} ${identity}`, 'hex');
  return style === 'uuid'
    ? (identity) => uuidOf(digest(identity))
    : (identity, at) => ulidOf(digest(identity), at === undefined || at < 0 ? 0 : at);
}

const variantDigits = '89ab';

function uuidOf(hex: string): string {
  const variant = variantDigits.charAt(Number.parseInt(hex.charAt(16), 16) & 3);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const crockford = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

function ulidOf(hex: string, at: Milliseconds): string {
  let time = '';
  for (let rest = at, digit = 0; digit < 10; digit++, rest = Math.floor(rest / 32)) {
    time = crockford.charAt(rest % 32) + time;
  }
  // 80 bits in four groups of 20, which a double holds exactly.
  let noise = '';
  for (let group = 0; group < 4; group++) {
    const bits = Number.parseInt(hex.slice(group * 5, group * 5 + 5), 16);
    noise +=
      crockford.charAt(bits >> 15) +
      crockford.charAt((bits >> 10) & 31) +
      crockford.charAt((bits >> 5) & 31) +
      crockford.charAt(bits & 31);
  }
  return time + noise;
}
