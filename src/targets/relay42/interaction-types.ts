/**
 * The ten types of interaction and their properties (contract §2.4), in the order in which they are written. `required` is
 * what an interaction would mean nothing without (inferred, but for the facts' §2.1).
 */
export type PartKind =
  | 'text'
  | 'name'
  | 'id'
  | 'number'
  | 'integer'
  | 'partnerType'
  | 'ttl'
  | 'boolean'
  | 'list'
  | 'any'
  | 'map'
  | 'merge'
  | 'operation';

interface Part {
  readonly kind: PartKind;
  readonly required?: true;
}

const visit = { url: { kind: 'text' }, source: { kind: 'text' } } as const;
const partner = {
  partnerNumber: { kind: 'partnerType', required: true },
  partnerCookie: { kind: 'id', required: true },
} as const;

const types = {
  bannerView: { identifier: { kind: 'text' }, subIdentifier: { kind: 'text' }, referral: { kind: 'text' } },
  conversion: {
    transactionId: { kind: 'text' },
    value: { kind: 'number' },
    products: { kind: 'list' },
    variables: { kind: 'map' },
  },
  engagement: { type: { kind: 'name', required: true }, content: { kind: 'any' }, variables: { kind: 'map' } },
  experimentMatch: {
    experimentGroupNumber: { kind: 'integer', required: true },
    experimentNumber: { kind: 'integer', required: true },
  },
  pageView: visit,
  sessionStart: visit,
  userPreferences: { optOutRemarketing: { kind: 'boolean' }, optOutAdapting: { kind: 'boolean' } },
  sync: { ...partner, mergeType: { kind: 'merge' } },
  thirdPartySync: partner,
  externalFact: {
    type: { kind: 'name', required: true },
    ttl: { kind: 'ttl', required: true },
    forceInsert: { kind: 'boolean' },
    operationType: { kind: 'operation' },
    variables: { kind: 'map' },
  },
} as const satisfies Record<string, Record<string, Part>>;

export type InteractionType = keyof typeof types;
export const interactionTypes: Readonly<Record<InteractionType, Readonly<Record<string, Part>>>> = types;

export const typeNames = [
  'bannerView',
  'conversion',
  'engagement',
  'experimentMatch',
  'pageView',
  'sessionStart',
  'userPreferences',
  'sync',
  'thirdPartySync',
  'externalFact',
] as const satisfies readonly InteractionType[];

export const isInteractionType = (name: string): name is InteractionType => Object.hasOwn(types, name);
