/**
 * What a user says of their inlet. The inlet's address is its password (contract §3), so it is handled as one: only its
 * path is kept, and only to make requests.
 */
import * as z from 'zod';
import { declaredSchema } from './schema.ts';

export const vendorOrigin = 'https://dcs.adobedc.net';
const vendorTokenUrl = 'https://ims-na1.adobelogin.com/ims/token/v3';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const inletPath = /^(.*)\/collection\/(?:batch\/)?([^/]+)\/?$/;

export interface Inlet {
  /** Scheme, host and whatever stands before `/collection`. */
  readonly base: string;
  readonly id: string;
}

/** Takes an inlet URL apart, or says what is wrong with it without repeating it. */
export function readInletUrl(text: string): Inlet | string {
  if (!URL.canParse(text)) return 'is not a URL; copy "Streaming endpoint" from the inlet\'s page in Adobe';
  const url = new URL(text);
  if (url.search !== '' || url.hash !== '') {
    return 'must end after the inlet id; flow id and syncValidation are settings of their own (flowId, syncValidation)';
  }
  const [, prefix = '', id = ''] = inletPath.exec(url.pathname) ?? [];
  if (uuid.test(id)) {
    return (
      'has a UUID in its path: that is the id of the flow-service connection, which only helps to find the inlet. ' +
      'GET /data/foundation/flowservice/connections/{id} shows the right address as auth.params.inletUrl'
    );
  }
  if (!/^[0-9a-f]{64}$/i.test(id)) return 'must end in /collection/ and the 64 hexadecimal digits of the inlet id';
  return { base: url.origin + prefix, id };
}

/** The schema's contentType as current documents spell it; older guides print `;{version}` without `version=` (contract §2.1). */
const contentType = z
  .string()
  .regex(
    /^application\/vnd\.adobe\.xed-full(-notext)?\+json; ?version=\d+(\.\d+)*$/,
    'must look like application/vnd.adobe.xed-full+json;version=1',
  );

/** What may stand in the target, for all mappings, and in a mapping's settings, for one of them. */
export const destinationShape = {
  datasetId: z
    .string()
    .regex(/^[0-9a-f]{24}$/i, 'must be the 24 hexadecimal digits of the dataset id')
    .describe('Dataset the rows go into'),
  flowId: z
    .string()
    .regex(uuid, 'must be a UUID: the id of the dataflow that binds the inlet to the dataset')
    .describe('Id of the dataflow that binds the inlet to the dataset'),
  schemaId: z.url().describe("The schema's $id, as https://ns.adobe.com/<tenant>/schemas/<id>"),
  contentType: contentType.describe('Content type of the schema reference, with its version'),
  sourceName: z.string().min(1).describe('header.source.name of each message'),
  schema: declaredSchema.describe('Fields of the schema and their types, to check rows before they leave'),
};

export const adobeConfig = z
  .strictObject({
    inletUrl: z
      .string()
      .superRefine((text, context) => {
        const inlet = readInletUrl(text);
        if (typeof inlet === 'string') context.addIssue({ code: 'custom', message: inlet });
      })
      .describe('Address of the inlet ("Streaming endpoint"). Whoever has it can write: keep it like a password'),
    imsOrgId: z
      .string()
      .regex(/^[0-9A-Za-z]+@AdobeOrg$/, 'must end in @AdobeOrg')
      .describe('IMS organisation, <id>@AdobeOrg'),
    sandboxName: z.string().min(1).describe('Sandbox the inlet belongs to; production is "prod"'),
    datasetId: destinationShape.datasetId.optional(),
    flowId: destinationShape.flowId.optional(),
    schemaId: destinationShape.schemaId.optional(),
    contentType: destinationShape.contentType.default('application/vnd.adobe.xed-full+json;version=1'),
    sourceName: destinationShape.sourceName.default('cdp-load'),
    schema: destinationShape.schema.optional(),
    mode: z
      .enum(['batch', 'single'])
      .optional()
      .describe('batch: many messages a request. single: one. Default: batch, but single for merge and delete'),
    syncValidation: z
      .boolean()
      .default(false)
      .describe('Canary: one message a request, checked at once, 60 a minute. Rows that pass ARE stored'),
    auth: z
      .enum(['none', 'oauth'])
      .optional()
      .describe('none: the inlet needs no token. oauth: OAuth server-to-server. Default: oauth when clientId is set'),
    clientId: z.string().min(1).optional().describe('Client id of the OAuth server-to-server credential'),
    clientSecret: z.string().min(1).optional().describe('Client secret of that credential'),
    scopes: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .default('openid,AdobeID,read_organizations,additional_info.projectedProductContext,session')
      .transform((scopes) => (typeof scopes === 'string' ? scopes : scopes.join(',')))
      .describe('Scopes of the token, comma-separated or as a list'),
    tokenUrl: z.url().default(vendorTokenUrl).describe('Where tokens are made'),
  })
  .superRefine((config, context) => {
    const complain = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
    const wantsToken = config.auth === 'oauth' || (config.auth === undefined && hasClient(config));
    if (wantsToken && config.clientId === undefined) complain('clientId', 'is needed to fetch a token');
    if (wantsToken && config.clientSecret === undefined) complain('clientSecret', 'is needed to fetch a token');
    if (config.syncValidation && config.mode === 'batch') {
      complain('syncValidation', 'works with mode: single only; the batch address ignores it');
    }
  });

export type AdobeConfig = z.output<typeof adobeConfig>;

const hasClient = (config: { clientId?: string | undefined; clientSecret?: string | undefined }) =>
  config.clientId !== undefined || config.clientSecret !== undefined;

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scopes: string;
  readonly tokenUrl: string;
}

/** The credential with which tokens are fetched; undefined where the inlet needs none. */
export function oauthClient(config: AdobeConfig): OAuthClient | undefined {
  const { auth, clientId, clientSecret, scopes, tokenUrl } = config;
  if (auth === 'none' || clientId === undefined || clientSecret === undefined) return undefined;
  return { clientId, clientSecret, scopes, tokenUrl };
}
