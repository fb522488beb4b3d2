/**
 * What one region's workspace ends up holding: people, visitors, objects, the links between them, events, devices, blocked
 * ids (contract §6, §7, §10). Calls arrive here validated; what is ignored all the same comes back as a word.
 */
import { type Attributes, mergeAttributes } from './attributes.ts';
import { idOf, isObject, part, type ValidCall, type Values } from './validate.ts';

export interface StoredEvent {
  readonly type: 'track' | 'page' | 'screen';
  readonly name: string;
  readonly messageId: string;
  /** A person takes over the events of visitors and people merged into it. */
  person: string | undefined;
  readonly anonymousId: string | undefined;
  readonly groupId: string | undefined;
  /** As sent; the time of receipt when it was missing. */
  readonly timestamp: string;
  readonly properties: Values;
  /** Would start campaigns: no timestamp, or one of the last 72 hours (contract §5.4). */
  readonly campaigns: boolean;
}

export interface Person {
  readonly id: string;
  traits: Attributes;
  readonly anonymousIds: Set<string>;
  readonly events: Set<StoredEvent>;
  /** Keys into the workspace's devices and relationships. */
  readonly devices: Set<string>;
  readonly links: Set<string>;
}

/** Somebody not known yet, or known since. */
interface Visitor {
  readonly traits: Attributes;
  readonly events: Set<StoredEvent>;
  owner: string | undefined;
}

interface StoredObject {
  readonly type: string;
  readonly id: string;
  readonly attributes: Attributes;
}

interface Relationship extends StoredObject {
  readonly person: string;
}

const campaignWindowMs = 72 * 3600 * 1000;

export class Workspace {
  readonly people = new Map<string, Person>();
  /** By anonymousId. */
  readonly visitors = new Map<string, Visitor>();
  /** Ids that were merged into another person. */
  readonly aliases = new Map<string, string>();
  readonly objects = new Map<string, StoredObject>();
  readonly relationships = new Map<string, Relationship>();
  readonly events = new Set<StoredEvent>();
  readonly devices = new Map<string, { person: string; readonly device: Values; readonly properties: Values }>();
  readonly suppressed = new Set<string>();
  readonly reports: Values[] = [];
  /** Top-level keys of calls that no document names, counted. */
  readonly unknownKeys = new Map<string, number>();

  /** Stores a call; a returned word says why it was ignored. */
  take({ type, values }: ValidCall, messageId: string, nowMs: number): 'suppressed' | undefined {
    for (const key in values) {
      if (!documentedKeys.has(key)) this.unknownKeys.set(key, (this.unknownKeys.get(key) ?? 0) + 1);
    }
    const event = type === 'track' ? String(values['event']).trim() : '';
    if (event !== 'User Unsuppressed' && this.isSuppressed(values)) return 'suppressed';
    switch (type) {
      case 'identify':
        this.identify(values);
        break;
      case 'group':
        this.group(values);
        break;
      case 'alias':
        this.merge(idOf(values, 'previousId') ?? '', idOf(values, 'userId') ?? '');
        break;
      case 'page':
      case 'screen':
        this.addEvent(type, String(values['name'] ?? ''), values, messageId, nowMs);
        break;
      case 'track':
        if (!this.actOn(event, values)) this.addEvent('track', event, values, messageId, nowMs);
    }
    return undefined;
  }

  private isSuppressed(values: Values): boolean {
    return ['userId', 'previousId'].some((name) => {
      const id = idOf(values, name);
      return id !== undefined && this.suppressed.has(this.resolve(id));
    });
  }

  private identify(values: Values): void {
    const traits = part(values, 'traits');
    const { objectId, objectTypeId, relationshipAttributes, ...own } = traits;
    const anonymousId = idOf(values, 'anonymousId');
    const userId = idOf(values, 'userId') ?? (anonymousId === undefined ? idOf(traits, 'email') : undefined);
    const person = userId === undefined ? this.ownerOf(anonymousId) : this.person(userId);
    if (userId !== undefined && anonymousId !== undefined) this.link(anonymousId, this.person(userId));
    if (person === undefined) {
      if (anonymousId !== undefined) mergeAttributes(this.visitor(anonymousId).traits, own);
      return;
    }
    mergeAttributes(person.traits, own);
    if (typeof objectId === 'string' && objectId !== '') {
      this.relate(person, typeText(objectTypeId), objectId, relationshipAttributes);
    }
  }

  /** Earlier anonymous activity becomes the person's (contract §6). */
  private link(anonymousId: string, person: Person): void {
    const visitor = this.visitor(anonymousId);
    person.anonymousIds.add(anonymousId);
    if (visitor.owner !== undefined) return;
    visitor.owner = person.id;
    person.traits = { ...visitor.traits, ...person.traits };
    for (const event of visitor.events) own(event, person);
    visitor.events.clear();
  }

  private group(values: Values): void {
    const id = idOf(values, 'groupId') ?? '';
    const { objectTypeId, object_type_id, relationshipAttributes, ...attributes } = part(values, 'traits');
    const type = typeText(objectTypeId ?? object_type_id);
    const key = keyOf(type, id);
    const object = this.objects.get(key) ?? { type, id, attributes: {} };
    this.objects.set(key, object);
    mergeAttributes(object.attributes, attributes);
    const userId = idOf(values, 'userId');
    if (userId !== undefined) this.relate(this.person(userId), type, id, relationshipAttributes);
  }

  private relate(person: Person, type: string, id: string, attributes: unknown): void {
    const key = keyOf(person.id, type, id);
    const relationship = this.relationships.get(key) ?? { person: person.id, type, id, attributes: {} };
    this.relationships.set(key, relationship);
    person.links.add(key);
    if (isObject(attributes)) mergeAttributes(relationship.attributes, attributes);
  }

  private merge(previousId: string, userId: string): void {
    const [from, into] = [this.resolve(previousId), this.resolve(userId)];
    if (from === into) return;
    const person = this.person(into);
    const before = this.people.get(from);
    this.aliases.set(from, into);
    if (before === undefined) {
      if (this.visitors.has(from)) this.link(from, person);
      return;
    }
    this.people.delete(from);
    person.traits = { ...before.traits, ...person.traits };
    for (const event of before.events) own(event, person);
    for (const id of before.anonymousIds) {
      person.anonymousIds.add(id);
      this.visitor(id).owner = into;
    }
    for (const token of before.devices) {
      const device = this.devices.get(token);
      if (device !== undefined) device.person = into;
      person.devices.add(token);
    }
    for (const key of before.links) {
      const link = this.relationships.get(key);
      this.relationships.delete(key);
      if (link !== undefined) this.relate(person, link.type, link.id, link.attributes);
    }
  }

  /** The events with a meaning of their own (contract §2.2). False: it is an ordinary one. */
  private actOn(event: string, values: Values): boolean {
    const userId = this.resolve(idOf(values, 'userId') ?? '');
    const properties = part(values, 'properties');
    const device = part(part(values, 'context'), 'device');
    const token = idOf(device, 'token') ?? '';
    const [type, objectId] = [typeText(properties['objectTypeId']), idOf(properties, 'objectId') ?? ''];
    switch (event) {
      case 'User Deleted':
        this.forget(userId);
        return true;
      case 'User Suppressed':
        this.forget(userId);
        this.suppressed.add(userId);
        return true;
      case 'User Unsuppressed':
        this.suppressed.delete(userId);
        return true;
      case 'Device Created or Updated': {
        this.dropDevice(token);
        const person = this.person(userId);
        person.devices.add(token);
        this.devices.set(token, { person: person.id, device, properties });
        return true;
      }
      case 'Device Deleted':
        this.dropDevice(token);
        return true;
      case 'Relationship Deleted':
        this.unlink(keyOf(userId, type, objectId));
        return true;
      case 'Object Deleted':
        this.objects.delete(keyOf(type, objectId));
        for (const [key, link] of this.relationships) if (link.type === type && link.id === objectId) this.unlink(key);
        return true;
      case 'Report Delivery Event':
      case 'Report Content Event':
        this.reports.push({ event, ...properties });
        return true;
      default:
        return false;
    }
  }

  private addEvent(type: StoredEvent['type'], name: string, values: Values, messageId: string, nowMs: number): void {
    const userId = idOf(values, 'userId');
    const anonymousId = idOf(values, 'anonymousId');
    const given = values['timestamp'];
    const sentMs = typeof given === 'string' ? Date.parse(given) : undefined;
    const event: StoredEvent = {
      type,
      name,
      messageId,
      person: undefined,
      anonymousId,
      groupId: idOf(values, 'groupId'),
      timestamp: typeof given === 'string' ? given : new Date(nowMs).toISOString(),
      properties: part(values, 'properties'),
      campaigns: sentMs === undefined || sentMs > nowMs - campaignWindowMs,
    };
    this.events.add(event);
    const person = userId === undefined ? this.ownerOf(anonymousId) : this.person(userId);
    if (person !== undefined) own(event, person);
    else if (anonymousId !== undefined) this.visitor(anonymousId).events.add(event);
  }

  private forget(id: string): void {
    const person = this.people.get(id);
    if (person === undefined) return;
    this.people.delete(id);
    for (const event of person.events) this.events.delete(event);
    for (const token of person.devices) this.devices.delete(token);
    for (const key of person.links) this.relationships.delete(key);
    for (const anonymousId of person.anonymousIds) this.visitors.delete(anonymousId);
  }

  private dropDevice(token: string): void {
    this.people.get(this.devices.get(token)?.person ?? '')?.devices.delete(token);
    this.devices.delete(token);
  }

  private unlink(key: string): void {
    this.people.get(this.relationships.get(key)?.person ?? '')?.links.delete(key);
    this.relationships.delete(key);
  }

  private resolve(id: string): string {
    let found = id;
    for (let next = this.aliases.get(found); next !== undefined; next = this.aliases.get(found)) found = next;
    return found;
  }

  private ownerOf(anonymousId: string | undefined): Person | undefined {
    return this.people.get(this.visitors.get(anonymousId ?? '')?.owner ?? '');
  }

  private visitor(anonymousId: string): Visitor {
    const known = this.visitors.get(anonymousId) ?? { traits: {}, events: new Set(), owner: undefined };
    this.visitors.set(anonymousId, known);
    return known;
  }

  /** Every call for an unknown id creates the person (contract §7); an e-mail address as id is also the e-mail (§2.3). */
  private person(given: string): Person {
    const id = this.resolve(given);
    const known = this.people.get(id);
    if (known !== undefined) return known;
    const traits = id.includes('@') ? { email: id } : {};
    const person: Person = {
      id,
      traits,
      anonymousIds: new Set(),
      events: new Set(),
      devices: new Set(),
      links: new Set(),
    };
    this.people.set(id, person);
    return person;
  }
}

function own(event: StoredEvent, person: Person): void {
  event.person = person.id;
  person.events.add(event);
}

const documentedKeys: ReadonlySet<string> = new Set([
  ...['type', 'messageId', 'userId', 'anonymousId', 'groupId', 'previousId', 'event', 'name'],
  ...['timestamp', 'originalTimestamp', 'sentAt', 'traits', 'properties', 'context', 'integrations'],
]);

const keyOf = (...parts: readonly string[]): string => JSON.stringify(parts);

/** "1" when nothing is said (contract §2.2, §2.3). */
const typeText = (value: unknown): string => (value === undefined ? '1' : String(value));
