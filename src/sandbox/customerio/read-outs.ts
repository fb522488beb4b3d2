/** What a workspace tells tests of what it holds. */
import { digestOf as sum } from '../digest.ts';
import type { Workspace } from './workspace.ts';

/** Undefined: no such read-out. */
export function readWorkspace(workspace: Workspace, name: string): unknown {
  switch (name) {
    case 'people':
      return peopleOf(workspace);
    case 'visitors':
      return [...workspace.visitors].flatMap(([anonymousId, { traits, owner }]) =>
        owner === undefined ? [{ anonymousId, traits }] : [],
      );
    case 'events':
      return [...workspace.events];
    case 'campaigns':
      return [...workspace.events].filter(({ campaigns }) => campaigns);
    case 'objects':
      return [...workspace.objects.values()];
    case 'relationships':
      return [...workspace.relationships.values()];
    case 'devices':
      return [...workspace.devices].map(([token, device]) => ({ token, ...device }));
    case 'suppressed':
      return [...workspace.suppressed];
    case 'aliases':
      return Object.fromEntries(workspace.aliases);
    case 'reports':
      return workspace.reports;
    case 'unknown-keys':
      return Object.fromEntries(workspace.unknownKeys);
    case 'digest':
      return digestOf(workspace);
    default:
      return undefined;
  }
}

const peopleOf = ({ people }: Workspace) =>
  [...people.values()].map(({ id, traits, anonymousIds }) => ({ id, traits, anonymousIds: [...anonymousIds].sort() }));

/** Of each kind the digest of its read-out, and one of all. Events count without their messageIds: those are the sender's. */
function digestOf(workspace: Workspace) {
  const digests = {
    people: sum(peopleOf(workspace)),
    events: sum([...workspace.events].map(({ messageId: _, ...event }) => event)),
    objects: sum(workspace.objects.values()),
    relationships: sum(workspace.relationships.values()),
    devices: sum(workspace.devices),
    suppressed: sum(workspace.suppressed),
  };
  return { ...digests, digest: sum(Object.entries(digests)) };
}
