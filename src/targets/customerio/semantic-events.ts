/** What the events with a meaning of their own need among their properties and in their context (contract §2.2). */
import { isJsonObject, isRawNumber, type Json, type JsonObject, rawNumber } from '../../model/json.ts';
import { objectTypeText } from './attributes.ts';
import type { Findings } from './findings.ts';
import { idText } from './ids.ts';

const deviceTypes = ['ios', 'android'];

/** Checks `context.device`. `typed`: the kind of device must be there too. */
export function device(
  context: JsonObject | undefined,
  findings: Findings,
  { typed } = { typed: true },
): JsonObject | undefined {
  const found = isJsonObject(context?.['device']) ? context['device'] : {};
  const token = idText(found['token']);
  if (token === undefined || token === '') {
    findings.fault('id-missing', 'context.device.token', 'the device has no token', found['token']);
  }
  const type = typeof found['type'] === 'string' ? found['type'].toLowerCase() : found['type'];
  if (type === undefined ? typed : typeof type !== 'string' || !deviceTypes.includes(type)) {
    const code = type === undefined ? 'field-missing' : 'field-enum';
    findings.fault(code, 'context.device.type', `expected ${deviceTypes.join(' or ')}`, found['type']);
  }
  return { ...context, device: { ...found, token: token ?? null, ...(type === undefined ? {} : { type }) } };
}

export function deviceToken({ context }: { context: JsonObject | undefined }): string | undefined {
  const token = isJsonObject(context?.['device']) ? context['device']['token'] : undefined;
  return typeof token === 'string' ? `d:${token}` : undefined;
}

/** `objectTypeId` is an integer here and a stringified one in group traits (contract §2.2, §2.3). */
export function linkedObject(properties: JsonObject, findings: Findings): JsonObject {
  const id = idText(properties['objectId']);
  if (id === undefined || id === '') {
    findings.fault('id-missing', 'properties.objectId', 'the object has no id', properties['objectId']);
  }
  const given = properties['objectTypeId'];
  const type = objectTypeText(isBlank(given) ? 1 : given);
  if (type === undefined) {
    findings.fault('field-type', 'properties.objectTypeId', 'expected a whole number', given);
  }
  return { ...properties, objectId: id ?? null, objectTypeId: type === undefined ? null : rawNumber(type) };
}

const metrics = ['delivered', 'clicked', 'converted', 'opened'];

export function deliveryReport(properties: JsonObject, findings: Findings): JsonObject {
  const deliveryId = idText(properties['deliveryId']);
  if (deliveryId === undefined || deliveryId === '') {
    findings.fault('id-missing', 'properties.deliveryId', 'the message has no delivery id', properties['deliveryId']);
  }
  expectOneOf('metric', properties['metric'], metrics, findings);
  return { ...properties, deliveryId: deliveryId ?? null };
}

const actions = ['viewed_content', 'clicked_content'];

/** The vendor's document requires `activityType` and describes `actionType` (contract §2.2): both are sent, with one value. */
export function contentReport(properties: JsonObject, findings: Findings): JsonObject {
  const action = isBlank(properties['actionType']) ? properties['activityType'] : properties['actionType'];
  expectOneOf('actionType', action, actions, findings);
  return { ...properties, activityType: action ?? null, actionType: action ?? null };
}

const isBlank = (value: Json | undefined): value is undefined | null | '' =>
  value === undefined || value === null || value === '';

function expectOneOf(name: string, value: Json | undefined, known: readonly string[], findings: Findings): void {
  if (typeof value === 'string' && known.includes(value)) return;
  const code = isBlank(value) ? 'field-missing' : 'field-enum';
  findings.fault(
    code,
    `properties.${name}`,
    `expected ${known.join(', ')}`,
    isRawNumber(value) ? value.rawJSON : value,
  );
}
