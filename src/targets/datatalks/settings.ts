/** What a person writes in `cdp-load.yaml` and in a mapping for Data Talks. */
import * as z from 'zod';
import { zoneNamed } from '../../time/zones.ts';
import { compilePattern } from './date-pattern.ts';

export const environments = {
  production: 'https://api.datatalks.se',
  staging: 'https://staging.api.datatalks.se',
} as const; // contract §2.1, §8

export const regions = ['eu-west-1', 'eu-north-1'] as const; // contract §3: the evidence points to these two

export const config = z.strictObject({
  accessKeyId: z
    .string()
    .regex(/^[^\s/,]+$/, 'an ACCESS_KEY_ID has no spaces, slashes or commas')
    .describe('ACCESS_KEY_ID, issued by Data Talks on request. Staging and production may have different ones.'),
  secretAccessKey: z
    .string()
    .regex(/^\S+$/, 'a SECRET_ACCESS_KEY has no spaces')
    .describe('SECRET_ACCESS_KEY that goes with it.'),
  environment: z
    .enum(['production', 'staging'])
    .default('production')
    .describe('Which of the two hosts to talk to. `baseUrl` overrides it.'),
  version: z.enum(['v3', 'v2']).default('v3').describe('Version of the API. Only v2 is documented for staging.'),
  region: z
    .string()
    .regex(/^[a-z0-9-]+$/, 'a region is written like eu-west-1')
    .default('eu-west-1')
    .describe('AWS region that signatures name. Data Talks does not publish it; `targets check` finds it.'),
  groupKey: z
    .string()
    .min(1)
    .optional()
    .describe('Sent with every record when given: v2 needs it where the data goes on to Salesmanago.'),
});
export type Config = z.infer<typeof config>;

const fieldTypes = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'email', 'list<string>'] as const; // contract §6

const longField = z.strictObject({
  type: z.enum(fieldTypes).describe('Type of the field in the mapping at Data Talks.'),
  optional: z
    .boolean()
    .default(false)
    .describe('Optional in the mapping at Data Talks. Left out, such a field is set to null.'),
  format: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Form of the text: a pattern of yyyy MM dd HH mm ss for date and datetime, `text` or `number` for decimal.',
    ),
});
export type FieldDeclaration = z.infer<typeof longField>;

// A union, not a transform: the settings are read twice (the mapping's schema, then the operation), and must survive it.
const field = z.union([z.enum(fieldTypes), longField]);

const common = {
  type: z.string().min(1).describe('Name of the data point type created at Data Talks ("person", "purchase_ev").'),
  fields: z
    .record(z.string().min(1), field)
    .describe(
      'Every field that the mapping at Data Talks has for this type: name → type, or {type, optional, format}.',
    ),
  hardId: z
    .array(z.string())
    .min(1)
    .describe('The fields that together make the entity unique. Never null or missing.'),
  deriveHardId: z
    .string()
    .optional()
    .describe(
      'One of `hardId`, for a source that has no id: filled with 32 hex digits that stay the same for the same row.',
    ),
  allowMissingOptional: z
    .boolean()
    .default(false)
    .describe('Let optional fields be left out, though Data Talks then sets them to null (a stored value is erased).'),
  zone: z
    .string()
    .default('UTC')
    .describe('Zone in which instants are told in datetime fields, which carry none themselves.'),
  datatalksIdFrom: z
    .string()
    .optional()
    .describe(
      'An item field whose value, a datatalksId from an earlier load, is sent beside `type`. What the platform does with it is not documented.',
    ),
};

type Settings = z.infer<z.ZodObject<typeof common>>;

function crossChecks(settings: Settings, context: z.RefinementCtx): void {
  const complain = (path: (string | number)[], message: string): void => {
    context.addIssue({ code: 'custom', path, message, input: settings });
  };
  for (const [name, declared] of Object.entries(settings.fields)) {
    const { type, format } = longForm(declared);
    if (name.includes('.')) complain(['fields', name], 'the data is flat: a field name has no dots');
    if (format === undefined) continue;
    const trouble = formatTrouble(type, format);
    if (trouble !== undefined) complain(['fields', name, 'format'], `the format ${JSON.stringify(format)} ${trouble}`);
  }
  settings.hardId.forEach((name, index) => {
    const declared = Object.hasOwn(settings.fields, name) ? settings.fields[name] : undefined;
    if (declared === undefined) complain(['hardId', index], `${name} is not among the declared fields`);
    else if (longForm(declared).optional)
      complain(['hardId', index], `${name} is declared optional, but a Hard-ID may never be missing`);
    if (settings.hardId.indexOf(name) !== index) complain(['hardId', index], `${name} stands here twice`);
  });
  const derived = settings.deriveHardId;
  if (derived !== undefined) {
    if (!settings.hardId.includes(derived)) complain(['deriveHardId'], `${derived} is not part of the Hard-ID`);
    else if (settings.fields[derived] !== undefined && longForm(settings.fields[derived]).type !== 'string')
      complain(['deriveHardId'], `${derived} must be declared as string: a derived Hard-ID is text`);
  }
  if (settings.datatalksIdFrom !== undefined && Object.hasOwn(settings.fields, settings.datatalksIdFrom))
    complain(
      ['datatalksIdFrom'],
      `${settings.datatalksIdFrom} is also a declared field; it cannot stand in two places`,
    );
  if (zoneNamed(settings.zone) === undefined)
    complain(['zone'], `there is no time zone ${settings.zone}; it is written like Europe/Stockholm`);
}

function formatTrouble(type: FieldDeclaration['type'], format: string): string | undefined {
  if (type === 'decimal') return format === 'text' || format === 'number' ? undefined : 'is neither text nor number';
  if (type !== 'date' && type !== 'datetime') return `means nothing for a field of type ${type}`;
  const pattern = compilePattern(format, type);
  return typeof pattern === 'string' ? pattern : undefined;
}

export const longForm = (declared: z.infer<typeof field>): FieldDeclaration =>
  typeof declared === 'string' ? { type: declared, optional: false } : declared;

export const profileSettings = z.strictObject(common).superRefine(crossChecks);

/** Events and inventory: whether a second one with the same Hard-ID replaces the first is not documented (contract §7). */
export const thingSettings = z
  .strictObject({
    ...common,
    assumeUpsert: z
      .boolean()
      .default(true)
      .describe(
        'Whether a second one with the same Hard-ID replaces the first. Not documented; false holds back uncertain rows.',
      ),
  })
  .superRefine(crossChecks);

export type OperationSettings = Settings & { readonly assumeUpsert?: boolean };
