/** What may stand in `cdp-load.yaml`, apart from a target type's own settings. */
import * as z from 'zod';

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** "90s", "2m", "500ms" or a number of seconds, in milliseconds. */
export const duration = z
  .union([
    z.number().positive(),
    z.string().regex(/^\d+(\.\d+)?\s*(ms|s|m|h)$/, 'expected a duration such as 30s, 2m or 500ms'),
  ])
  .transform((value) => {
    if (typeof value === 'number') return value * 1000;
    const [, amount = '', unit = 's'] = /^([\d.]+)\s*(ms|s|m|h)$/.exec(value) ?? [];
    return Number(amount) * (units[unit] ?? 1000);
  });

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that a header must not hold
export const controlCharacter = /[\u0000-\u0008\u000a-\u001f\u007f]/;

/** Headers that belong to the connection: set by hand they break it. */
const ownHeaders = ['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'upgrade', 'expect', 'te'];
const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'is no name of a header')
  .refine((name) => !ownHeaders.includes(name.toLowerCase()), 'this header is set by cdp-load itself');
const headerValue = z
  .string()
  .refine((value) => !controlCharacter.test(value), 'holds a line break or another control character');

/** Settings that every target has, beside its type's own. */
export const commonTargetSettings = z.object({
  type: z.string().describe('Target type, as `cdp-load targets` lists them.'),
  mapping: z.string().optional().describe('Mapping file, relative to the config file. --mapping overrides it.'),
  baseUrl: z.url().optional().describe("Replaces the vendor's host: staging, a sandbox, a test server."),
  headers: z
    .record(headerName, headerValue)
    .default({})
    .describe('Further headers for every request. Their values are never shown.'),
  concurrency: z.int().min(1).max(1000).optional().describe('Requests in flight, at most.'),
  rate: z.number().positive().optional().describe("Cost units a second, in the target's own unit."),
  timeout: duration.optional().describe('How long a request may take, e.g. 60s.'),
  retries: z
    .int()
    .min(0)
    .max(1000)
    .optional()
    .describe('How often a request is tried again, at most. Without it the target decides.'),
  identicalRefusals: z
    .int()
    .min(0)
    .optional()
    .describe(
      'Stop when so many items in a row are refused with the same words and none is accepted in between; ten times as many once some were. 0: never.',
    ),
  connectTimeout: duration.optional().describe('How long making a connection may take, e.g. 10s.'),
  maxRecords: z.int().min(1).optional().describe('Items a request, at most.'),
  maxBytes: z.int().min(1).optional().describe('Bytes of a request body, at most.'),
  proxy: z.url().optional().describe('Address of an HTTP proxy. Without it HTTPS_PROXY and NO_PROXY hold.'),
  ca: z.string().optional().describe('PEM file of a private certificate authority.'),
  cert: z.string().optional().describe('PEM file of a client certificate.'),
  key: z.string().optional().describe("PEM file of the client certificate's key."),
});

export type CommonTargetSettings = z.infer<typeof commonTargetSettings>;

export const configFile = z.strictObject({
  $schema: z.string().optional(),
  stateDir: z.string().optional().describe('Where journals and rejects are kept. Default: .cdp-load beside this file.'),
  targets: z.record(z.string(), z.looseObject({ type: z.string() })).default({}),
});

export type ConfigFile = z.infer<typeof configFile>;
