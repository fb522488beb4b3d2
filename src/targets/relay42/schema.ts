/** Settings that several operations share. */
import * as z from 'zod';
import { factTtlSeconds } from './values.ts';

export const partnerTypeSetting = z
  .int()
  .min(1)
  .max(999_999_999)
  .optional()
  .describe('Number of the id space of partnerId, as set in ID matching; 42 is the platform’s own');

export const factTtlSetting = z
  .int()
  .min(factTtlSeconds.least)
  .max(factTtlSeconds.most)
  .optional()
  .describe('Seconds after which a fact expires, without a word; 31536000 is a year');

export const mergeTypes = ['NO_MERGE', 'SITE', 'MERGE_NO_OVERRIDE'] as const;

export const mergeTypeSetting = z
  .enum(mergeTypes)
  .optional()
  .describe(
    'What happens to an id that belongs to another profile: NO_MERGE leaves both as they are, MERGE_NO_OVERRIDE and SITE make one profile of them, SITE for good and over existing values',
  );

export const mergeDestroys = 'merges profiles for good when an id belongs to another one already (mergeType SITE)';

export const digits = (value: number | undefined): string | undefined =>
  value === undefined ? undefined : String(value);
