/** How rows become messages: the envelope around each, and the address they go to (contract §2). */
import type { Fault } from '../../model/fault.ts';
import type { JsonObject } from '../../model/json.ts';
import type { ApiFailure, ApiReply } from '../../model/request.ts';
import { readSettings, targetError } from '../settings.ts';
import type { CommonSettings, Encoded, FieldRule, Frame, Operation, RowContext } from '../target.ts';
import type { AdobeConfig, Inlet } from './config.ts';
import { compileEntityCheck, emptyItem, eventId, profileBytes } from './entity.ts';
import { readIdentities } from './identities.ts';
import {
  deletePersons,
  type MessageSettings,
  type OperationName,
  operationTypes,
  ownFields,
  settingsOf,
  type UpsertSettings,
} from './operation-types.ts';
import { type ReplyContext, readReply } from './replies.ts';
import { compileKnownFields, compileSchema, fieldRulesOf } from './schema.ts';

/** What all operations of one configured target share. */
export interface Gate {
  readonly config: AdobeConfig;
  readonly common: CommonSettings;
  readonly inlet: Inlet;
  readonly hasToken: boolean;
  readonly hide: <Reply extends ApiReply | ApiFailure>(reply: Reply) => Reply;
}

type Mode = ReplyContext['mode'];

/** None is stated; the guide's worked case is 200 messages (contract §9). */
const defaultItems = 500;
/** "1 MB" is stated, not what it means: the lower reading, and room below it (contract §4). */
const defaultBytes = 900_000;
const mostBytes = 1_000_000;

/** Text around an item, and how an item is made of a row. */
interface Shape {
  readonly before: string;
  readonly after: string;
  encode(item: JsonObject, row: RowContext, faults: Fault[]): Pick<Encoded, 'json' | 'lanes' | 'id'>;
  /** Above this many bytes Profile drops the item without a word. */
  readonly profileBytes?: number;
}

export function openOperation(name: OperationName, given: unknown, gate: Gate): Operation {
  switch (name) {
    case 'record':
    case 'event':
      return messageOperation(name, readSettings<MessageSettings>(name, settingsOf[name], given), gate);
    case 'raw':
      return rawOperation(given, gate);
    case 'merge':
    case 'delete':
      return upsertOperation(name, given, gate);
  }
}

function messageOperation(name: 'record' | 'event', given: MessageSettings, gate: Gate): Operation {
  const { config } = gate;
  const datasetId = needed(name, 'datasetId', given.datasetId ?? config.datasetId);
  const schemaId = needed(name, 'schemaId', given.schemaId ?? config.schemaId);
  const flowId = needed(name, 'flowId', given.flowId ?? config.flowId);
  const schemaRef = { id: schemaId, contentType: given.contentType ?? config.contentType };
  const header = {
    schemaRef,
    imsOrgId: config.imsOrgId,
    datasetId,
    flowId,
    source: { name: given.sourceName ?? config.sourceName },
  };
  const declared = given.schema ?? config.schema;
  const check = compileEntityCheck(
    name,
    declared === undefined
      ? compileKnownFields(operationTypes[name].fields.filter((field) => !isCheckedElsewhere(name, field)))
      : compileSchema({ _id: anyId, ...declared }, checkedElsewhere[name]),
  );
  const isEvent = name === 'event';
  const fields = declared === undefined ? operationTypes[name].fields : [...ownFields(name), ...fieldRulesOf(declared)];
  const mode = config.syncValidation ? 'single' : (config.mode ?? 'batch');

  return operation(gate, name, mode, {
    fields: withoutTwins(fields),
    repeatable: true,
    laned: !isEvent,
    ...(isEvent ? { once } : {}),
    ...(isEvent ? {} : { lastWins: { same: [entityPath('identityMap'), entityPath('_id')] } }),
    shape: {
      before: `{"header":${JSON.stringify(header)},"body":{"xdmMeta":${JSON.stringify({ schemaRef })},"xdmEntity":`,
      after: '}}',
      profileBytes: profileBytes[name],
      encode(item, row, faults) {
        const identities = readIdentities(item['identityMap'], given.primaryIdentity, faults);
        check(item, row, faults);
        const json = JSON.stringify(identities === undefined ? item : { ...item, identityMap: identities.map });
        if (isEvent) {
          const id = item['_id'];
          if (id === undefined) return { json: `{"_id":"${eventId(datasetId, row)}",${json.slice(1)}`, lanes: noLanes };
          // Anything but text was found to be at fault.
          return typeof id === 'string' ? { json, lanes: noLanes, id } : { json, lanes: noLanes };
        }
        return { json, lanes: lanesOf(identities?.names, row) };
      },
    },
  });
}

/** Contract §7. */
const once = {
  name: '_id',
  says: 'Profile keeps the first event of an _id and drops the others; the lake keeps them all',
} as const;

const entityPath = (name: string) => ['body', 'xdmEntity', name] as const;

/** Has rules of its own, whatever a declared schema says of it. */
const checkedElsewhere = { record: ['identityMap'], event: ['identityMap', '_id', 'timestamp'] } as const;
const isCheckedElsewhere = (name: 'record' | 'event', field: FieldRule): boolean =>
  checkedElsewhere[name].some((top) => field.name === top || field.name.startsWith(`${top}.`));
/** Every class has it, so nobody declares it. */
const anyId = { type: 'string' } as const;

function rawOperation(given: unknown, gate: Gate): Operation {
  const settings = readSettings('raw', settingsOf.raw, given);
  const flowId = needed('raw', 'flowId', settings.flowId ?? gate.config.flowId);
  const mode = gate.config.syncValidation ? 'single' : (gate.config.mode ?? 'batch');
  return operation(gate, 'raw', mode, {
    fields: operationTypes.raw.fields,
    repeatable: settings.repeatable,
    laned: true,
    flowId,
    nullsToo: true,
    shape: {
      before: '',
      after: '',
      encode(item, row, faults) {
        const json = JSON.stringify(item);
        if (json === '{}') faults.push(emptyItem);
        return { json, lanes: lanesOf(undefined, row) };
      },
    },
  });
}

function upsertOperation(name: 'merge' | 'delete', given: unknown, gate: Gate): Operation {
  const { config } = gate;
  const settings: UpsertSettings =
    name === 'merge' ? readSettings(name, settingsOf.merge, given) : readSettings(name, settingsOf.delete, given);
  const flowId = needed(name, 'flowId', settings.flowId ?? config.flowId);
  const datasetId = needed(name, 'datasetId', settings.datasetId ?? config.datasetId);
  const { identityDatasetId, repeatable = true } = settings;
  if (identityDatasetId === datasetId) {
    throw targetError(
      'settings-invalid',
      "identityDatasetId is the rows' own dataset: Adobe would then overwrite people instead of changing them.",
      'Name another dataset with the same schema, enabled for Identity and not for Profile, or leave identityDatasetId out.',
    );
  }
  const identity = identityDatasetId === undefined ? {} : { identity: 'create', identityDatasetId };
  const header = { flowId, imsOrgId: config.imsOrgId, datasetId, operations: { data: name, ...identity } };
  const check = compileEntityCheck('record', undefined);
  // The guide shows the single address only; whether the other takes such messages is not stated (contract §2.4).
  const mode = config.syncValidation ? 'single' : (config.mode ?? 'single');

  return operation(gate, name, mode, {
    fields: operationTypes[name].fields,
    repeatable,
    laned: true,
    flowId,
    ...(name === 'delete' ? { destroys: deletePersons } : {}),
    shape: {
      before: `{"header":${JSON.stringify(header)},"body":`,
      after: '}',
      profileBytes: profileBytes.record,
      encode(item, row, faults) {
        const identities = readIdentities(item['identityMap'], settings.primaryIdentity, faults);
        check(item, row, faults);
        const json = JSON.stringify(identities === undefined ? item : { ...item, identityMap: identities.map });
        return { json, lanes: lanesOf(identities?.names, row) };
      },
    },
  });
}

function needed(operation: string, setting: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw targetError(
    'settings-invalid',
    `Operation ${operation} needs ${setting}.`,
    `Set "${setting}" in the mapping's settings, or with the target for all mappings.`,
  );
}

const noLanes: readonly string[] = [];

/** The person is known by the mapping's key and by each identity: rows that share any of them stay in order. */
function lanesOf(identities: readonly string[] = noLanes, { key }: RowContext): readonly string[] {
  if (key === '') return identities;
  return identities.length === 0 ? [key] : [...identities, key];
}

/** A schema may declare what has a rule already; the declared type is the better one. */
const withoutTwins = (fields: readonly FieldRule[]): FieldRule[] => [
  ...new Map(fields.map((field) => [field.name, field])).values(),
];

interface Parts {
  readonly fields: readonly FieldRule[];
  readonly repeatable: boolean;
  readonly laned: boolean;
  readonly lastWins?: NonNullable<Operation['lastWins']>;
  readonly once?: NonNullable<Operation['once']>;
  readonly shape: Shape;
  /** For what goes through Data Prep: the flow stands in a header of the request, so all of a request share it. */
  readonly flowId?: string;
  readonly nullsToo?: boolean;
  readonly destroys?: string;
}

function operation(gate: Gate, name: OperationName, mode: Mode, parts: Parts): Operation {
  const { config, common, inlet, hasToken, hide } = gate;
  const { shape, flowId, repeatable } = parts;
  const wantsCheck = config.syncValidation;
  const path = mode === 'batch' ? `/collection/batch/${inlet.id}` : `/collection/${inlet.id}`;
  const url = `${inlet.base}${path}${wantsCheck ? '?syncValidation=true' : ''}`;
  const headers = {
    ...common.headers,
    'Content-Type': 'application/json',
    'x-sandbox-name': config.sandboxName,
    ...(flowId === undefined ? {} : { 'x-adobe-flow-id': flowId }),
  };
  const frame: Frame = mode === 'batch' ? { prefix: '{"messages":[', suffix: ']}' } : { prefix: '', suffix: '' };
  const around = Buffer.byteLength(frame.prefix + frame.suffix + shape.before + shape.after);
  const replyContext: ReplyContext = { mode, hasToken, wantsCheck, repeatable };

  return {
    name,
    // Messages bring their own header, so records and events may travel together; a flow in the request's header is shared by all.
    family: flowId === undefined ? mode : `${mode} ${name}`,
    fields: parts.fields,
    emptyCells: {
      allowed: parts.nullsToo ? ['omit', 'null', 'keep', 'reject'] : ['omit', 'keep', 'reject'],
      fallback: 'omit',
      why: 'Adobe refuses null after it has said yes, and clearing a value is not documented; an empty identity is shared by many people.',
    },
    repeatable,
    ...(parts.destroys === undefined ? {} : { destroys: parts.destroys }),
    limits: {
      items: mode === 'single' ? 1 : (common.maxRecords ?? defaultItems),
      bytes: Math.min(common.maxBytes ?? defaultBytes, mostBytes),
    },
    laned: parts.laned,
    ...(parts.lastWins === undefined ? {} : { lastWins: parts.lastWins }),
    ...(parts.once === undefined ? {} : { once: parts.once }),
    encode(item, row) {
      const faults: Fault[] = [];
      const { json, lanes, id } = shape.encode(item, row, faults);
      if (faults.length > 0) return { faults };
      // Three bytes a UTF-16 unit at most: most rows need no counting.
      const mayBeLarge = json.length * 3 > Math.min(shape.profileBytes ?? Infinity, mostBytes - around);
      const bytes = mayBeLarge ? Buffer.byteLength(json) : 0;
      if (bytes + around > mostBytes) return { faults: [tooLarge(bytes + around)] };
      const made: Encoded = { json: shape.before + json + shape.after, route: flowId ?? '', lanes };
      const encoded = id === undefined ? made : { ...made, id };
      if (shape.profileBytes === undefined || bytes <= shape.profileBytes) return encoded;
      return { ...encoded, warnings: [profileWarning(bytes, shape.profileBytes)] };
    },
    frame: () => frame,
    request: ({ body }) => ({ method: 'POST', url, headers, body }),
    verdict: (reply, { items }) => readReply(hide(reply), items, replyContext),
    cost: () => 1,
    identicalRefusals,
  };
}

/** What the door refuses is the envelope, and that is the same for all rows. */
const identicalRefusals = 50;

const tooLarge = (bytes: number): Fault => ({
  stage: 'limit',
  code: 'item-too-large',
  reason: `the message alone takes ${bytes} bytes with all that stands around it, and Adobe takes ${mostBytes} a request`,
});

const profileWarning = (bytes: number, most: number) => ({
  code: 'profile-too-large',
  text: `the row takes ${bytes} bytes; Profile drops without a word what has more than ${most}`,
});
