/**
 * What strict mode complains of, and what permissive mode drops without a word: required fields and types (contract §2,
 * §6), and what the events with a meaning of their own need (§2.2).
 */

export type Values = { readonly [name: string]: unknown };

export const callTypes = ['identify', 'track', 'page', 'screen', 'group', 'alias'] as const;
export type CallType = (typeof callTypes)[number];

/** A call that passed: its ids are strings, or undefined when empty. */
export interface ValidCall {
  readonly type: CallType;
  readonly values: Values;
}

export const isObject = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** An empty or blank id counts as missing (contract §6). */
export const idOf = (values: Values, name: string): string | undefined => {
  const value = values[name];
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
};

/** All complaints about one call; none means that it is good. `type` is what the path says, undefined inside a batch. */
export function complaintsAbout(call: unknown, type: CallType | undefined): string[] {
  if (!isObject(call)) return ['must be an object'];
  const given = call['type'] ?? type;
  if (given === undefined) return ['type is required'];
  if (!isCallType(given)) return [`type must be one of ${callTypes.join(', ')}`];
  if (type !== undefined && given !== type) return [`type must be ${type} here`];
  return [...commonComplaints(call), ...ownComplaints(call, given)];
}

export const isCallType = (value: unknown): value is CallType => callTypes.some((type) => type === value);

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)$/;

function commonComplaints(call: Values): string[] {
  const complaints: string[] = [];
  for (const name of ['userId', 'anonymousId', 'groupId', 'previousId', 'messageId', 'event', 'name']) {
    if (call[name] !== undefined && typeof call[name] !== 'string') complaints.push(`${name} must be a string`);
  }
  if (call['messageId'] === '') complaints.push('messageId must not be empty');
  for (const name of ['timestamp', 'originalTimestamp', 'sentAt']) {
    const value = call[name];
    if (
      value !== undefined &&
      !(typeof value === 'string' && instant.test(value) && !Number.isNaN(Date.parse(value)))
    ) {
      complaints.push(`${name} must be an ISO 8601 date-time`);
    }
  }
  for (const name of ['traits', 'properties', 'context']) {
    if (call[name] !== undefined && !isObject(call[name])) complaints.push(`${name} must be an object`);
  }
  const integrations = call['integrations'];
  if (integrations !== undefined && integrations !== null) {
    if (!isObject(integrations)) complaints.push('integrations must be an object');
    else if (Object.values(integrations).some((value) => typeof value !== 'boolean')) {
      complaints.push('integrations must hold booleans');
    }
  }
  return complaints;
}

function ownComplaints(call: Values, type: CallType): string[] {
  switch (type) {
    case 'identify': {
      const byEmail = 'userId' in call && typeof part(call, 'traits')['email'] === 'string'; // contract §2.3, last paragraph
      return byEmail ? [] : needs(call, ['userId', 'anonymousId']);
    }
    case 'page':
    case 'screen':
      return needs(call, ['userId', 'anonymousId']);
    case 'group':
      return [...needs(call, ['groupId']), ...objectTypeComplaints(call)];
    case 'alias':
      return [...needs(call, ['userId']), ...needs(call, ['previousId'])];
    case 'track':
      return trackComplaints(call);
  }
}

function trackComplaints(call: Values): string[] {
  const event = typeof call['event'] === 'string' ? call['event'].trim() : '';
  if (event === '') return ['event is required'];
  const properties = part(call, 'properties');
  switch (event) {
    case 'User Deleted':
    case 'User Suppressed':
    case 'User Unsuppressed':
      return needs(call, ['userId']);
    case 'Device Created or Updated':
    case 'Device Deleted': {
      const device = part(part(call, 'context'), 'device');
      const token = idOf(device, 'token') === undefined ? ['context.device.token is required'] : [];
      const known = device['type'] === 'ios' || device['type'] === 'android';
      const optional = event === 'Device Deleted' && device['type'] === undefined;
      const type = known || optional ? [] : ['context.device.type must be ios or android'];
      return [...needs(call, ['userId']), ...token, ...type];
    }
    case 'Relationship Deleted':
      return [...needs(call, ['userId']), ...linkComplaints(properties)];
    case 'Object Deleted':
      return [...needs(call, ['anonymousId']), ...linkComplaints(properties)];
    case 'Report Delivery Event': {
      const id = idOf(properties, 'deliveryId') === undefined ? ['properties.deliveryId is required'] : [];
      return [...id, ...oneOf(properties, 'metric', ['delivered', 'clicked', 'converted', 'opened'])];
    }
    case 'Report Content Event': {
      const type = properties['activityType'] === undefined ? ['properties.activityType is required'] : [];
      const action =
        'actionType' in properties ? oneOf(properties, 'actionType', ['viewed_content', 'clicked_content']) : [];
      return [...type, ...action];
    }
    default:
      return needs(call, ['userId', 'anonymousId', 'groupId']);
  }
}

/** An id of a wrong type is complained of already. */
const needs = (call: Values, ids: readonly string[]): string[] =>
  ids.some((name) => idOf(call, name) !== undefined || (call[name] !== undefined && typeof call[name] !== 'string'))
    ? []
    : [`${ids.join(' or ')} is required`];

/** A stringified integer in group traits (contract §2.3). */
function objectTypeComplaints(call: Values): string[] {
  const type = part(call, 'traits')['objectTypeId'];
  return type === undefined || (typeof type === 'string' && /^\d+$/.test(type))
    ? []
    : ['traits.objectTypeId must be a stringified integer'];
}

/** An integer among the properties of these events (contract §2.2). */
function linkComplaints(properties: Values): string[] {
  const id = idOf(properties, 'objectId') === undefined ? ['properties.objectId is required'] : [];
  const type = properties['objectTypeId'];
  const wrong = type !== undefined && !Number.isInteger(type) ? ['properties.objectTypeId must be an integer'] : [];
  return [...id, ...wrong];
}

const oneOf = (values: Values, name: string, known: readonly string[]): string[] =>
  known.some((value) => value === values[name]) ? [] : [`properties.${name} must be one of ${known.join(', ')}`];

/** The object under `name`, or an empty one. */
export const part = (values: Values, name: string): Values => (isObject(values[name]) ? values[name] : {});
