/**
 * A random mapping for one of the five targets, and a file for it with good rows and bad ones. Most mappings drawn must be
 * ones that compile, so the fields of an operation are drawn by what they are to hold.
 */
import fc from 'fast-check';
import iconv from 'iconv-lite';
import type { JsonObject } from '../../src/model/json.ts';
import type { Trial } from './both-ways.ts';
import { type Draw, isLucky, type Kind, pick, type RandomField, randomField } from './random-fields.ts';

/** One operation under some settings: the fields that it must have and those that it may have. */
interface Stage {
  readonly operation: string;
  readonly settings?: JsonObject;
  readonly needed: Readonly<Record<string, Kind>>;
  readonly possible?: Readonly<Record<string, Kind>>;
  /** What an empty cell becomes, where the operation leaves that to the mapping. */
  readonly onEmpty?: string;
}

interface Stages {
  readonly target: string;
  readonly config?: JsonObject;
  readonly stages: readonly Stage[];
  /** Entries of one mapping may be of different operations. */
  readonly mixes: boolean;
}

const raptorColumns: JsonObject = {
  Id: { type: 'string', required: true, identifier: true },
  Email: 'email',
  Count: 'integer',
  Amount: 'decimal',
  Since: 'datetime',
  Active: 'boolean',
  Tier: { type: 'enum', values: ['gold', 'silver'] },
  Tags: 'array<string>',
};
const raptorFields: Record<string, Kind> = {
  Email: 'email',
  Count: 'integer',
  Amount: 'number',
  Since: 'datetime',
  Active: 'boolean',
  Tier: ['gold', 'silver'],
  Tags: 'list',
};
const open: Record<string, Kind> = {
  Name: 'text',
  Count: 'integer',
  Tags: 'list',
  Born: 'date',
  Any: 'any',
  Is: 'boolean',
};

const adobeSchema: JsonObject = {
  'person.name.firstName': { type: 'string', minLength: 1, maxLength: 5 },
  'person.birthDate': 'date',
  seen: 'date-time',
  points: 'long',
  small: { type: 'byte' },
  rate: { type: 'double', minimum: 0, maximum: 1000 },
  member: 'boolean',
  tier: { type: 'string', enum: ['gold', 'silver'] },
  'tags[]': 'string',
};
const adobeFields: Record<string, Kind> = {
  'person.name.firstName': 'text',
  'person.birthDate': 'date',
  seen: 'datetime',
  points: 'integer',
  small: 'integer',
  rate: 'number',
  member: 'boolean',
  tier: ['gold', 'silver'],
  tags: 'list',
};
const adobeOpen: Record<string, Kind> = {
  'person.name.firstName': 'text',
  'person.birthDate': 'date',
  'homeAddress.city': 'text',
  '_acme.any': 'any',
  '_acme.tags': 'list',
  'identityMap.Phone': 'text',
};

const traits: Record<string, Kind> = {
  'traits.email': 'email',
  'traits.createdAt': 'datetime',
  'traits.unsubscribed': 'boolean',
  'traits.cio_subscription_preferences.channels.sms': 'boolean',
  'traits.firstName': 'text',
  'traits.anything': 'any',
  'traits.list': 'list',
  timestamp: 'datetime',
  messageId: 'text',
  'context.page.url': 'text',
};
const properties: Record<string, Kind> = {
  'properties.text': 'text',
  'properties.any': 'any',
  'properties.total': 'number',
  'properties.skus': 'list',
  timestamp: 'datetime',
  messageId: 'id',
  'integrations.x': 'boolean',
};

const dataFields: JsonObject = {
  id: 'string',
  number: { type: 'integer', optional: true },
  email: { type: 'email', optional: true },
  born: { type: 'date', optional: true },
  at: { type: 'datetime', optional: true },
  price: { type: 'decimal', optional: true, format: 'text' },
  ratio: { type: 'decimal', optional: true },
  member: { type: 'boolean', optional: true },
  tags: { type: 'list<string>', optional: true },
  note: { type: 'string', optional: true },
};
const dataKinds: Record<string, Kind> = {
  number: 'integer',
  email: 'email',
  born: 'date',
  at: 'datetime',
  price: 'decimal',
  ratio: 'number',
  member: 'boolean',
  tags: 'list',
  note: 'text',
};
const datatalks = { type: 'thing', hardId: ['id'], fields: dataFields };

const one = { partnerType: 2001 };
const fact = { ...one, factName: 'loyalty', factTtl: 3600 };
const factProperties: Record<string, Kind> = {
  'properties.tier': ['gold', 'silver'],
  'properties.points': 'integer',
  'properties.note': 'text',
  'properties.since': 'datetime',
  'properties.any': 'any',
};

export const allStages: readonly Stages[] = [
  {
    target: 'raptor',
    config: { writeMode: 'append' },
    mixes: false,
    stages: [
      {
        operation: 'person',
        settings: { columns: raptorColumns, ignoreMissingColumns: true },
        needed: { Id: 'id' },
        possible: raptorFields,
      },
      {
        operation: 'person',
        settings: { columns: raptorColumns },
        needed: { Id: 'id', ...raptorFields },
        onEmpty: 'null',
      },
      { operation: 'catalog', needed: { Id: 'id' }, possible: open, onEmpty: 'null' },
      { operation: 'interaction', needed: { Id: 'id' }, possible: open, onEmpty: 'keep' },
    ],
  },
  {
    target: 'adobe',
    mixes: false,
    stages: [
      {
        operation: 'record',
        settings: { primaryIdentity: 'CRMID', schema: adobeSchema },
        needed: { 'identityMap.CRMID': 'id' },
        possible: adobeFields,
      },
      {
        operation: 'event',
        settings: { schema: adobeSchema },
        needed: { 'identityMap.Email': 'id', timestamp: 'datetime' },
        possible: { _id: 'text', ...adobeFields },
      },
      { operation: 'record', needed: { 'identityMap.CRMID': 'id' }, possible: adobeOpen },
      {
        operation: 'merge',
        settings: { primaryIdentity: 'CRMID' },
        needed: { 'identityMap.CRMID': 'id' },
        possible: adobeOpen,
      },
      { operation: 'raw', needed: { id: 'id' }, possible: open },
    ],
  },
  {
    target: 'customerio',
    mixes: true,
    stages: [
      { operation: 'identify', needed: { userId: 'id' }, possible: traits },
      { operation: 'track', needed: { userId: 'id', event: 'text' }, possible: properties },
      { operation: 'page', needed: { anonymousId: 'id' }, possible: { name: 'text', ...properties } },
      {
        operation: 'group',
        needed: { groupId: 'id' },
        possible: { userId: 'id', 'traits.objectTypeId': 'text', 'traits.any': 'any', 'traits.createdAt': 'datetime' },
      },
      {
        operation: 'device.put',
        needed: { userId: 'id', 'context.device.token': 'id', 'context.device.type': ['ios', 'android', 'web'] },
        possible: properties,
      },
      {
        operation: 'delivery.report',
        needed: { 'properties.deliveryId': 'id', 'properties.metric': ['opened', 'clicked', 'seen'] },
      },
    ],
  },
  {
    target: 'datatalks',
    mixes: true,
    stages: [
      { operation: 'profiles', settings: datatalks, needed: { id: 'id', ...dataKinds } },
      {
        operation: 'profiles',
        settings: { ...datatalks, allowMissingOptional: true },
        needed: { id: 'id' },
        possible: dataKinds,
      },
      {
        operation: 'events',
        settings: { ...datatalks, deriveHardId: 'id', zone: 'Europe/Stockholm' },
        needed: dataKinds,
      },
    ],
  },
  {
    target: 'relay42',
    mixes: true,
    stages: [
      { operation: 'facts.add', settings: fact, needed: { partnerId: 'id' }, possible: factProperties },
      {
        operation: 'facts.add',
        settings: one,
        needed: { partnerId: 'id', factName: 'text', factTtl: 'integer' },
        possible: factProperties,
      },
      { operation: 'facts.update', settings: fact, needed: { partnerId: 'id' }, possible: factProperties },
      {
        operation: 'interactions.add',
        settings: { ...one, interactionType: 'conversion' },
        needed: { partnerId: 'id' },
        possible: { transactionId: 'text', value: 'number', products: 'list', 'variables.any': 'any' },
      },
      {
        operation: 'interactions.add',
        settings: { ...one, interactionType: 'engagement', type: 'visit' },
        needed: { partnerId: 'id' },
        possible: { 'variables.note': 'text', 'variables.at': 'datetime' },
      },
      {
        operation: 'mappings.add',
        settings: { ...one, mappingPartnerType: 1012 },
        needed: { partnerId: 'id', mappingPartnerId: 'id' },
      },
      {
        operation: 'datafeed.put',
        settings: { feedPrefix: 'products', ttl: 3600 },
        needed: { itemKey: 'id' },
        possible: { 'values.title': 'text', 'values.price': 'number', 'values.any': 'any' },
      },
    ],
  },
];

/** Cells that suit nobody, or not whom they meet. */
const nasty = [
  '',
  ' ',
  'nonsense',
  '-1',
  '3000000000',
  '9007199254740993123',
  '1e999',
  'NaN',
  '2023-02-29',
  '31/02/2020',
  '2099-01-01T00:00:00Z',
  'true',
  'null',
  'User Deleted',
  'no@where',
  '__proto__',
  'two\nlines',
  'a"b',
  '\u0000',
  'tab\there',
  '\u001b[31mred',
  'x'.repeat(1100),
  '🐢'.repeat(40),
  '%2F..',
  '{"a":1}',
];

/** What only NDJSON can hold: JSON as it stands in the line. */
const nastyJson = [
  'null',
  '7',
  '1.50',
  '-0',
  '1e999',
  '12345678901234567890',
  'true',
  '[]',
  '{}',
  '["a",1,null]',
  '{"a":{"b":[1]}}',
  '"\\ud800"',
  '"\\u0000"',
];

/** Where the elements of a group may go, beside what else the item has. */
const elements: Readonly<Record<string, string>> = {
  interaction: 'Lines',
  raw: 'lines',
  track: 'properties.lines',
  page: 'properties.lines',
};

export function randomTrial(draw: Draw): Trial {
  const { target, config = {}, stages, mixes } = pick(draw, allStages);
  const first = pick(draw, stages);
  const count = isLucky(draw, 30) ? 2 : 1;
  const chosen = count === 1 ? [first] : [first, mixes ? pick(draw, stages) : first];
  const columns: Record<string, readonly string[]> = {};
  let number = 0;
  const entries = chosen.map((stage) => {
    const fields: JsonObject = {};
    const names = [
      ...Object.entries(stage.needed),
      ...Object.entries(stage.possible ?? {}).filter(() => isLucky(draw, 50)),
    ];
    for (const [name, kind] of names) {
      const made: RandomField = randomField(draw, kind, number++);
      Object.assign(columns, made.columns);
      fields[name] = made.field;
    }
    return {
      operation: stage.operation,
      ...(stage.settings === undefined ? {} : { settings: stage.settings }),
      ...(stage.onEmpty === undefined ? {} : { onEmpty: stage.onEmpty }),
      fields,
    };
  });
  columns['which'] = ['yes', 'no'];
  const isGrouped = isLucky(draw, 20);
  if (isGrouped) columns['order'] = ['1', '1', '2', '3', ''];
  for (const { operation, fields } of entries) {
    const name = elements[operation];
    if (!isGrouped || name === undefined || !isLucky(draw, 60)) continue;
    columns['sku'] = ['TEA', 'MUG', ''];
    columns['qty'] = ['1', '2', '12'];
    fields[name] = {
      each: {
        ...(isLucky(draw, 30) ? { where: 'sku != ""' } : {}),
        fields: { sku: 'sku', qty: { from: 'qty', type: 'integer' } },
      },
    };
  }
  const whole = {
    version: 1,
    target,
    ...(isLucky(draw, 30) ? { where: 'which == "yes"' } : {}),
    ...(isLucky(draw, 40) ? { key: pick(draw, Object.keys(columns)) } : {}),
    ...(isGrouped ? { group: isLucky(draw, 30) ? { by: ['order', 'which'], most: 3 } : 'order' } : {}),
  };
  const [only] = entries;
  const mapping: JsonObject =
    entries.length === 1 && only !== undefined && isLucky(draw, 70)
      ? { ...whole, ...only }
      : {
          ...whole,
          items: entries.map((entry) => (isLucky(draw, 30) ? { ...entry, when: 'which != "no"' } : entry)),
        };
  const rows = Array.from({ length: 1 + draw(fc.nat, 11) }, () => randomRow(draw, columns));
  // Most often together, as they must be.
  if (isGrouped && !isLucky(draw, 20)) rows.sort((a, b) => String(a['order']).localeCompare(String(b['order'])));
  const file = isLucky(draw, 40) ? ndjsonFile(draw, rows) : csvFile(draw, Object.keys(columns), rows);
  return { target, config, mapping, ...file, blockBytes: pick(draw, [1, 7, 64, 4096]) };
}

type RandomRow = Readonly<Record<string, string>>;

function randomRow(draw: Draw, columns: Readonly<Record<string, readonly string[]>>): RandomRow {
  const mischief = isLucky(draw, 40);
  return Object.fromEntries(
    Object.entries(columns).map(([name, suitable]) => [
      name,
      mischief && isLucky(draw, 20) ? pick(draw, nasty) : pick(draw, suitable),
    ]),
  );
}

type RandomFile = Pick<Trial, 'file' | 'source'>;

function csvFile(draw: Draw, header: readonly string[], rows: readonly RandomRow[]): RandomFile {
  const delimiter = pick(draw, [',', ';', '\t', '|', '\u0001', '~']);
  const ending = pick(draw, ['\n', '\r\n', '\r']);
  const encoding = pick(draw, ['utf-8', 'utf-8', 'utf-16le', 'windows-1252']);
  const quotesAll = isLucky(draw, 50);
  const cell = (value: string) =>
    quotesAll || value.includes(delimiter) || /["\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
  const lines = rows.map((row) => header.map((name) => cell(row[name] ?? '')).join(delimiter));
  // Rows that the reader itself turns down.
  if (isLucky(draw, 20)) lines.splice(draw(fc.nat, lines.length), 0, pick(draw, ['too,few', '"open', 'a"b', '"a"b']));
  const text = `${[header.join(delimiter), ...lines].join(ending)}${isLucky(draw, 80) ? ending : ''}`;
  const marked = encoding === 'utf-16le' ? `\ufeff${text}` : text;
  return {
    file: { name: 'trial.csv', bytes: iconv.encode(marked, encoding) },
    source: { format: 'csv', delimiter, encoding },
  };
}

function ndjsonFile(draw: Draw, rows: readonly RandomRow[]): RandomFile {
  const lines = rows.map((row) => {
    const mischief = isLucky(draw, 40);
    const pairs = Object.entries(row).flatMap(([name, value]) => {
      if (mischief && isLucky(draw, 15)) return [];
      const json = mischief && isLucky(draw, 20) ? pick(draw, nastyJson) : JSON.stringify(value);
      return [`${JSON.stringify(name)}:${json}`];
    });
    return `{${pairs.join(',')}}`;
  });
  if (isLucky(draw, 20)) lines.splice(draw(fc.nat, lines.length), 0, pick(draw, ['not json', '[1]', '{"a":', '7']));
  return {
    file: { name: 'trial.ndjson', bytes: Buffer.from(`${lines.join('\n')}\n`) },
    source: { format: 'ndjson' },
  };
}

/** For a failure's message: what a person needs to see what went wrong. */
export const describeTrial = ({ target, mapping, file, source, blockBytes }: Trial): string =>
  `${target}, ${JSON.stringify(source)}, blocks of ${blockBytes}\n${JSON.stringify(mapping, null, 1)}\n${JSON.stringify(
    iconv.decode(Buffer.from(file.bytes), String(source.encoding ?? 'utf-8')),
  )}`;
