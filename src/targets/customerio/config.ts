/** What a Customer.io target is told in `cdp-load.yaml`. */
import * as z from 'zod';
import { regions, trackHost } from './region.ts';

// Contract §4: "KB" may mean 1000 or 1024 and third parties name twice as much, so the defaults keep well below and may be raised.
const defaultItemBytes = 32_000;
const mostItemBytes = 65_536;
export const defaultRequestBytes = 480_000;
export const mostRequestBytes = 1_000_000;
/** 3000 in 3 seconds (contract §4). What goes beyond may be dropped without an error, so no setting goes beyond. */
export const mostRequestsPerSecond = 1000;
// The platform states no maximum (contract §9); bytes rule.
export const defaultItems = 100;

const notBlank = (what: string) => z.string().regex(/^[^\s:]+$/, `expected ${what}, without blanks or colons`);

export const config = z
  .strictObject({
    region: z
      .enum(regions)
      .describe('us or eu: where the account lives. In the wrong one, calls are lost without an error.'),
    apiKey: notBlank('the CDP API key').describe('CDP API key (write key) of the source.'),
    strict: z
      .boolean()
      .default(true)
      .describe('Send X-Strict-Mode. When false, Customer.io answers 200 to everything: rows are sent, unverified.'),
    campaigns: z
      .enum(['allow', 'warn', 'refuse'])
      .default('warn')
      .describe('Events without a timestamp, or of the last 72 hours, can start campaigns.'),
    messageId: z
      .enum(['uuid', 'ulid'])
      .default('uuid')
      .describe('Form of the ids that Customer.io de-duplicates on, where the mapping gives none.'),
    maxItemBytes: z
      .int()
      .min(1000)
      .max(mostItemBytes)
      .default(defaultItemBytes)
      .describe('Bytes of one call, at most.'),
    siteId: notBlank('the site id')
      .optional()
      .describe('Track API site id; with it, `targets check` looks up the region.'),
    trackKey: notBlank('the Track API key').optional().describe('Track API key that belongs to siteId.'),
    trackUrl: z.string().default(trackHost).describe('Address of the Track API.'),
    preflight: z
      .boolean()
      .default(false)
      .describe(
        'Let `targets check` create a throw-away person to prove the key, when there are no Track credentials.',
      ),
    preflightUserId: notBlank('an id').default('cdp-load-preflight').describe('Id of that person.'),
  })
  .refine(({ siteId, trackKey }) => (siteId === undefined) === (trackKey === undefined), {
    message: 'siteId and trackKey belong together: give both or neither',
    path: ['trackKey'],
  });

export type CustomerioConfig = z.output<typeof config>;
