/** The platform's own words, from whichever shape a body has (contract §5.2), fit for a report. */
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { ApiReply } from '../../model/request.ts';
import { excerpt, jsonBody } from '../replies.ts';

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && isJsonObject(value as Json);

export function platformSays(reply: ApiReply): string {
  const body = jsonBody(reply);
  if (!isObject(body)) return excerpt(reply.body);
  const { report } = body;
  if (isObject(report)) {
    const message = withoutIds(textOf(report['message'] ?? body['title']));
    const violations = violationsIn(report['cause']);
    return violations.length === 0 ? message : `${message}: ${violations.join('; ')}`;
  }
  const violations = violationsIn(syncCheckOf(body));
  if (violations.length > 0) return violations.join('; ');
  const message = withoutIds(textOf(body['message'] ?? body['title'] ?? body['error_description'] ?? body['error']));
  return message === '' ? excerpt(reply.body) : message;
}

/** Both names of the result of a synchronous validation are in use (contract §2.1). */
export const syncCheckOf = (body: JsonObject): Json | undefined =>
  body['syncValidation'] ?? body['synchronousValidation'];

export const textOf = (value: Json | undefined): string =>
  typeof value === 'string' ? excerpt(value) : value === undefined ? '' : excerpt(JSON.stringify(value));

/** `inletId: [6aca…] imsOrgId: [7BF1…] Message is invalid`: the same ids stand before every message, and the first is a secret. */
export const withoutIds = (message: string): string =>
  message.replace(/^(?:\s*(?:inletId|imsOrgId): ?\[[^\]]*\])+\s*/i, '');

/** The leaves of the tree of violations, as `#/_id: expected type: String, found: Long`. */
function violationsIn(value: Json | undefined): string[] {
  const found: string[] = [];
  const visit = (one: Json | undefined): void => {
    if (Array.isArray(one)) one.forEach(visit);
    if (!isObject(one)) return;
    const inner = one['causingExceptions'];
    if (Array.isArray(inner) && inner.length > 0) inner.forEach(visit);
    else if ('pointerToViolation' in one) {
      found.push(`${textOf(one['pointerToViolation'])}: ${textOf(one['message'])}`);
    }
    visit(one['_streamingValidation']);
  };
  visit(value);
  return found;
}

export const isWrongOrganisation = (says: string): boolean => /wrong ims org/i.test(says);

export const organisationHint = 'imsOrgId is not the organisation that the inlet belongs to.';

/** What to look at, for the known endings of the platform's messages (contract §5.2 C). */
export function hintFor(says: string): string | undefined {
  if (isWrongOrganisation(says)) return organisationHint;
  if (!/unknown xdm format/i.test(says)) return undefined;
  return 'schemaId, contentType and datasetId do not belong together, or the schema changed less than 15 minutes ago.';
}
