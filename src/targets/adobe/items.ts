/**
 * The answer to a batch: 207, whether all, some or no messages were taken (contract §5.3). Its items come in two shapes, the
 * documented one and the one that Adobe's own client expects; both are read, and what cannot be told is said to be unknown.
 */
import type { ApiReply } from '../../model/request.ts';
import { jsonBody } from '../replies.ts';
import { isObject, textOf, withoutIds } from './words.ts';

export type ItemOutcome =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'refused'; readonly status: number; readonly says: string }
  /** The answer has no word on it, or none that can be understood. */
  | { readonly kind: 'unknown' };

const accepted: ItemOutcome = { kind: 'accepted' };
const unknown: ItemOutcome = { kind: 'unknown' };

/** `<uuid>-<n>`: only then is the last part an index into `messages`. In `1485:153:3` it is not (contract §5.3). */
const indexed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}-(\d+)$/i;

/** One outcome for each of `count` messages, or undefined when the answer says nothing of single messages. */
export function readItems(reply: ApiReply, count: number): readonly ItemOutcome[] | undefined {
  const body = jsonBody(reply);
  if (!isObject(body) || !Array.isArray(body['responses'])) return undefined;
  const responses = body['responses'];
  // Without an index in it, an answer belongs to a message by its position, which holds only when none is missing.
  const positionsHold = responses.length === count;
  const outcomes = new Array<ItemOutcome>(count).fill(unknown);
  const seen = new Set<number>();
  for (const [position, item] of responses.entries()) {
    const named =
      isObject(item) && typeof item['xactionId'] === 'string' ? indexed.exec(item['xactionId'])?.[1] : undefined;
    if (named === undefined && !positionsHold) return undefined;
    const index = named === undefined ? position : Number(named);
    // Two answers for one message, or one for a message that was never sent: none of it can be trusted.
    if (index >= count || seen.has(index)) return undefined;
    seen.add(index);
    outcomes[index] = outcomeOf(item);
  }
  return outcomes;
}

function outcomeOf(item: unknown): ItemOutcome {
  if (!isObject(item)) return unknown;
  // A number in one place, its text in another (contract §5.2 B).
  const status = Number(item['statusCode'] ?? item['status'] ?? Number.NaN);
  const says = withoutIds(textOf(item['message']));
  if (status >= 400) return { kind: 'refused', status, says };
  if ('xactionId' in item) return accepted;
  return says === '' ? unknown : { kind: 'refused', status: 400, says };
}
