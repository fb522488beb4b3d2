/** What a mapping may name: the fields of each call and its settings. */
import * as z from 'zod';
import type { FieldRule } from '../target.ts';
import type { Call, CallSettings } from './calls.ts';

const noSettings = z.strictObject({});
const identifySettings = z.strictObject({
  subscriptionPreferences: z
    .enum(['change', 'replace'])
    .default('change')
    .describe('change: only the topics and channels that are mapped; replace: all others are forgotten.'),
});
export const settingsOf = (name: string): z.ZodObject & z.ZodType<CallSettings> =>
  name === 'identify' ? identifySettings : noSettings;

const idFields: Record<string, FieldRule> = {
  userId: {
    name: 'userId',
    type: 'string',
    about: "The person's id; an e-mail address becomes the person's e-mail",
    alsoKnownAs: ['user_id', 'userId', 'customer_id', 'customerId', 'id'],
  },
  anonymousId: {
    name: 'anonymousId',
    type: 'string',
    about: 'Id of somebody not known yet',
    alsoKnownAs: ['anonymous_id', 'visitor_id', 'device_id', 'cookie_id'],
  },
  groupId: {
    name: 'groupId',
    type: 'string',
    about: 'Id of the object',
    alsoKnownAs: ['group_id', 'company_id', 'account_id', 'object_id'],
  },
  previousId: {
    name: 'previousId',
    type: 'string',
    about: 'Id that disappears',
    alsoKnownAs: ['previous_id', 'old_id', 'merge_from'],
  },
};
const commonFields: readonly FieldRule[] = [
  {
    name: 'timestamp',
    type: 'datetime',
    about: 'When it happened. Absent means now',
    alsoKnownAs: ['timestamp', 'occurred_at', 'event_time', 'ordered_at', 'updated_at'],
  },
  {
    name: 'messageId',
    type: 'string',
    about: 'Two calls with one messageId count once. Made from the row when absent',
  },
  { name: 'context', type: 'object', about: 'All of it at once, where the source is nested' },
  { name: 'context.*', type: 'any', about: 'ip, locale, userAgent, page.url …' },
  { name: 'integrations.*', type: 'boolean', about: 'false leaves a destination out' },
];

export function fieldsOf(call: Call): readonly FieldRule[] {
  const ids = call.ids.flatMap((name) => {
    const field = idFields[name];
    const required = call.needs.some((group) => group.length === 1 && group[0] === name);
    return field === undefined ? [] : [required ? { ...field, required } : field];
  });
  const { attributes } = call;
  const whole: readonly FieldRule[] =
    attributes === undefined
      ? []
      : [{ name: attributes, type: 'object', about: 'All of them at once, where the source is nested' }];
  return [...ids, ...call.fields, ...whole, ...commonFields];
}
