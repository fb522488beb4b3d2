/** The door of the platform: what an inlet looks at before it says yes (contract §10), and how its answers look (§2, §5). */
import type { Json, JsonObject } from '../../model/json.ts';
import { isObject } from './stores.ts';
import type { Violation } from './xdm.ts';

export const mostBodyBytes = 1_048_576; // contract §10
export const checkedPerMinute = 60; // contract §4
const mostViolations = 5; // contract §5.2

export interface InletIdentity {
  readonly inletId: string;
  readonly imsOrgId: string;
}

const unknownFormat = 'Message has unknown xdm format';
const wrongOrganisation = 'Message has an absent or wrong ims org in the header';

export interface Envelope {
  readonly header: JsonObject;
  readonly body: JsonObject;
  readonly datasetId: string;
  readonly schemaId: string;
}

/** A message in XDM, or why the door refuses it. `schemaOf` gives the schema of a dataset. */
export function readEnvelope(
  message: Json | undefined,
  { imsOrgId }: InletIdentity,
  schemaOf: (datasetId: string) => string | undefined,
): Envelope | { readonly refusal: string; readonly lacksHeader?: boolean } {
  if (!isObject(message)) return { refusal: unknownFormat, lacksHeader: true };
  const { header, body } = message;
  if (!isObject(header)) return { refusal: unknownFormat, lacksHeader: true };
  if (!isObject(body)) return { refusal: unknownFormat };
  const own = schemaRef(header);
  const meta = isObject(body['xdmMeta']) ? schemaRef(body['xdmMeta']) : undefined;
  if (own === undefined) return { refusal: unknownFormat };
  if (header['imsOrgId'] !== imsOrgId) return { refusal: wrongOrganisation };
  const datasetId = String(header['datasetId']);
  if (meta === undefined || meta.id !== own.id || meta.contentType !== own.contentType)
    return { refusal: unknownFormat };
  if (schemaOf(datasetId) !== own.id || typeof header['flowId'] !== 'string') return { refusal: unknownFormat };
  return { header, body, datasetId, schemaId: own.id };
}

/** Spellings of the content type that were seen accepted (contract §2.1). */
const contentType = /^application\/vnd\.adobe\.xed-full(-notext)?\+json; ?version=\d+(\.\d+)?$/;

function schemaRef(holder: JsonObject): { readonly id: string; readonly contentType: string } | undefined {
  const reference = holder['schemaRef'];
  if (!isObject(reference)) return undefined;
  const { id, contentType: type } = reference;
  return typeof id === 'string' && typeof type === 'string' && contentType.test(type)
    ? { id, contentType: type }
    : undefined;
}

/** A row for Data Prep that brings a header with operations (contract §2.4), or why it is refused. */
export function readUpsert(
  message: JsonObject,
  { imsOrgId }: InletIdentity,
):
  | { readonly row: JsonObject; readonly datasetId: string; readonly operations: JsonObject }
  | { readonly refusal: string } {
  const { header, body } = message;
  if (!isObject(header) || !isObject(body)) return { refusal: unknownFormat };
  const operations = header['operations'];
  if (header['imsOrgId'] !== imsOrgId) return { refusal: wrongOrganisation };
  if (!isObject(operations)) return { refusal: unknownFormat };
  const { data, identity, identityDatasetId } = operations;
  if (data !== undefined && data !== 'create' && data !== 'merge' && data !== 'delete') {
    return { refusal: 'Message has an unknown operation' };
  }
  if (identity !== undefined && (identity !== 'create' || typeof identityDatasetId !== 'string')) {
    return { refusal: 'Message asks for identities without an identityDatasetId' };
  }
  return { row: body, datasetId: String(header['datasetId']), operations };
}

/** `inletId: [6aca…] imsOrgId: [7BF1…@AdobeOrg] Message is invalid`, as before every message of the inlet (contract §5.2). */
export const spoken = ({ inletId, imsOrgId }: InletIdentity, message: string): string =>
  `inletId: [${inletId}] imsOrgId: [${imsOrgId}] ${message}`;

/** Shape A (contract §5.2). */
export function problem(inlet: InletIdentity, message: string, violations: readonly Violation[] = []): object {
  const found = violations.slice(0, mostViolations);
  const tree = {
    schemaLocation: '#',
    pointerToViolation: '#',
    causingExceptions: found,
    message: `${found.length} schema violations found`,
  };
  return {
    type: 'http://ns.adobe.com/adobecloud/problem/data-collection-service/inlet',
    status: 400,
    title: 'Invalid XDM Message Format',
    report: {
      message: spoken(inlet, message),
      ...(found.length === 0 ? {} : { cause: { _streamingValidation: [found.length === 1 ? found[0] : tree] } }),
    },
  };
}

/** Shape B: its `status` is text (contract §5.2). */
export const unauthorized = (status: number, message: string): object => ({
  type: 'https://ns.adobe.com/adobecloud/problem/data-collection-service-authorization',
  status: String(status),
  title: 'Authorization',
  report: { message: `[id] ${message}` },
});
