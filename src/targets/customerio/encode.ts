/** One item into the JSON of one call of a batch, or everything that is wrong with it. Compiled once for an operation. */
import { isJsonObject, type Json, type JsonObject } from '../../model/json.ts';
import type { Milliseconds } from '../../model/verdict.ts';
import type { Encoded, Operation, RowContext } from '../target.ts';
import { checkAttributes, isLongerThan } from './attributes.ts';
import { type Call, type CallSettings, type IdName, idNames, reservedEvents } from './calls.ts';
import { Findings } from './findings.ts';
import { idText } from './ids.ts';
import { epochMsOf, instantText } from './instant.ts';
import { longestMessageId, type MakeMessageId } from './message-id.ts';

export interface EncodeOptions {
  readonly call: Call;
  readonly settings: CallSettings;
  readonly makeMessageId: MakeMessageId;
  readonly campaigns: 'allow' | 'warn' | 'refuse';
  /** UTF-8 bytes of one item's JSON. */
  readonly maxItemBytes: number;
}

/** All calls of a batch travel together. */
export const route = 'batch';

const campaignWindowMs: Milliseconds = 72 * 3600 * 1000; // contract §5.4
const longestIdBytes = 150; // contract §4, downstream
const longestEventNameBytes = 100; // contract §4, downstream
const lanePrefix: Record<IdName, string> = { userId: 'u:', previousId: 'u:', anonymousId: 'a:', groupId: 'g:' };

type Ids = { [name in IdName]?: string | undefined };

export function compileEncode(options: EncodeOptions): Operation['encode'] {
  const { call, settings, makeMessageId, maxItemBytes } = options;
  const known = new Set<string>(['messageId', 'timestamp', 'context', 'integrations', ...call.ids]);
  if (call.named !== undefined) known.add(call.named);
  if (call.attributes !== undefined) known.add(call.attributes);

  return (item, row) => {
    const findings = new Findings();
    for (const field in item) {
      // Whether the platform keeps unknown keys is not stated (contract §9): none is sent.
      if (!known.has(field)) findings.fault('field-unknown', field, `there is no such field in the call ${call.type}`);
    }
    const ids = readIds(item, call, findings);
    const epochMs = readTimestamp(item['timestamp'], findings);
    if (call.startsCampaigns === true) heedCampaigns(epochMs, row, options.campaigns, findings);
    const attributes = readAttributes(item, call, settings, findings);
    const given = readObject(item, 'context', findings);
    const context = call.readContext === undefined ? given : call.readContext(given, findings);
    const integrations = readIntegrations(item, findings);
    const mapped = readMessageId(item['messageId'], findings);
    const event = call.event ?? (call.named === 'event' ? readEventName(item['event'], findings) : undefined);
    const name = call.named === 'name' ? readName(item['name'], findings) : undefined;
    if (findings.faults !== undefined) return { faults: findings.faults };

    const json = JSON.stringify({
      type: call.type,
      messageId: mapped ?? makeMessageId(row.identity, epochMs),
      ...ids,
      event,
      name,
      timestamp: epochMs === undefined ? undefined : instantText(epochMs, String(item['timestamp'])),
      ...(call.attributes === undefined ? {} : { [call.attributes]: attributes }),
      context,
      integrations,
    });
    if (isLongerThan(json, maxItemBytes)) {
      const reason = `the call has ${Buffer.byteLength(json)} bytes, more than ${maxItemBytes}`;
      findings.fault('item-too-large', call.attributes ?? 'userId', reason, undefined, 'limit');
      return { faults: findings.faults ?? [] };
    }
    const lanes = lanesOf(ids);
    const other = call.alsoAbout?.({ attributes, context });
    if (other !== undefined) lanes.push(other);
    const encoded: Encoded = mapped === undefined ? { json, route, lanes } : { json, route, lanes, id: mapped };
    return findings.warnings === undefined ? encoded : { ...encoded, warnings: findings.warnings };
  };
}

function readIds(item: JsonObject, call: Call, findings: Findings): Ids {
  const ids: Ids = {};
  for (const name of call.ids) {
    const text = idText(item[name]);
    if (text === undefined) findings.fault('field-type', name, 'expected text or a whole number', item[name]);
    else if (text !== '') {
      ids[name] = text;
      if (isLongerThan(text, longestIdBytes)) {
        findings.warn('beyond-workspace-limit', `${name} is longer than ${longestIdBytes} bytes`);
      }
      if (text.startsWith('cio_')) {
        findings.warn('internal-id', `${name} begins with cio_, like Customer.io's internal ids`);
      }
    }
  }
  for (const group of call.needs) {
    // An id of a wrong type is complained of already.
    if (group.every((name) => idText(item[name]) === '')) {
      findings.fault('id-missing', group[0] ?? 'userId', `expected ${group.join(' or ')}`);
    }
  }
  if (ids.previousId !== undefined && ids.previousId === ids.userId) {
    findings.fault('field-range', 'previousId', 'the same as userId: nobody is merged into themselves', ids.previousId);
  }
  return ids;
}

function lanesOf(ids: Ids): string[] {
  const lanes: string[] = [];
  for (const name of idNames) {
    const id = ids[name];
    if (id !== undefined) lanes.push(lanePrefix[name] + id);
  }
  return lanes;
}

/** Epoch milliseconds, undefined when the item has no timestamp. */
function readTimestamp(value: Json | undefined, findings: Findings): Milliseconds | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const epochMs = typeof value === 'string' ? epochMsOf(value) : Number.NaN;
  if (!Number.isNaN(epochMs)) return epochMs;
  findings.fault('field-format', 'timestamp', 'expected an ISO 8601 date-time with a zone', value);
  return undefined;
}

function heedCampaigns(
  epochMs: Milliseconds | undefined,
  row: RowContext,
  campaigns: EncodeOptions['campaigns'],
  findings: Findings,
): void {
  if (campaigns === 'allow' || (epochMs !== undefined && epochMs < row.now - campaignWindowMs)) return;
  const text =
    epochMs === undefined
      ? 'without a timestamp the event counts as happening now and can start campaigns'
      : 'the event is younger than 72 hours and can start campaigns';
  if (campaigns === 'warn') findings.warn('may-trigger-campaigns', text);
  else findings.fault('may-trigger-campaigns', 'timestamp', text);
}

function readAttributes(
  item: JsonObject,
  call: Call,
  settings: CallSettings,
  findings: Findings,
): JsonObject | undefined {
  if (call.attributes === undefined) return undefined;
  const given = readObject(item, call.attributes, findings) ?? {};
  const sent = call.readAttributes === undefined ? given : call.readAttributes(given, findings, settings);
  checkAttributes(sent, call.attributes, findings);
  return sent;
}

function readObject(item: JsonObject, field: string, findings: Findings): JsonObject | undefined {
  const value = item[field];
  if (value === undefined || value === null) return undefined;
  if (isJsonObject(value)) return value;
  findings.fault('field-type', field, 'expected fields below it', value);
  return undefined;
}

function readIntegrations(item: JsonObject, findings: Findings): JsonObject | undefined {
  const integrations = readObject(item, 'integrations', findings);
  for (const name in integrations) {
    if (typeof integrations[name] !== 'boolean') {
      findings.fault('field-type', `integrations.${name}`, 'expected true or false', integrations[name]);
    }
  }
  return integrations;
}

function readMessageId(value: Json | undefined, findings: Findings): string | undefined {
  const text = idText(value);
  if (text === undefined) findings.fault('field-type', 'messageId', 'expected text or a whole number', value);
  else if (text.length > longestMessageId) {
    findings.fault('field-range', 'messageId', `expected ${longestMessageId} characters at most`, value);
  }
  return text === '' ? undefined : text;
}

function readName(value: Json | undefined, findings: Findings): string | undefined {
  const text = idText(value);
  if (text === undefined) findings.fault('field-type', 'name', 'expected text', value);
  return text === '' ? undefined : text;
}

/** Trimmed, as the platform does (contract §4): " User Deleted " would delete, too. */
function readEventName(value: Json | undefined, findings: Findings): string | undefined {
  const text = idText(value)?.trim();
  if (text === undefined) findings.fault('field-type', 'event', 'expected text', value);
  else if (text === '') findings.fault('field-missing', 'event', 'the event has no name');
  else {
    const reserved = reservedEvents.get(text);
    if (reserved !== undefined) {
      const means = `"${text}" is no ordinary event (${reserved.summary.toLowerCase()})`;
      findings.fault('destructive-name', 'event', `${means}; if it is meant, map it as ${reserved.operation}`, value);
    } else if (isLongerThan(text, longestEventNameBytes)) {
      findings.warn('beyond-workspace-limit', `the event's name is longer than ${longestEventNameBytes} bytes`);
    }
  }
  return text;
}
