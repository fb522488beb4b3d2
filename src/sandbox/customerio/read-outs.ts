/** What a workspace tells tests of what it holds. */
import { createHash } from 'node:crypto';
import { isObject } from './validate.ts';
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

/** Two workspaces that hold the same have the same digest, in whatever order it came. Ids of messages do not count. */
function digestOf(workspace: Workspace) {
  const { events, objects, relationships, devices, suppressed } = workspace;
  const parts = {
    people: peopleOf(workspace),
    events: [...events].map(({ type, name, person, anonymousId, groupId, timestamp, properties }) => {
      return [type, name, person, anonymousId, groupId, timestamp, properties];
    }),
    objects: [...objects.values()],
    relationships: [...relationships.values()],
    devices: [...devices],
    suppressed: [...suppressed],
  };
  const hash = createHash('sha256');
  for (const list of Object.values(parts)) hash.update(`${list.map(canonical).sort().join('\n')}\n\n`);
  const sizes = Object.fromEntries(Object.entries(parts).map(([name, list]) => [name, list.length]));
  return { ...sizes, sha256: hash.digest('hex') };
}

/** JSON with the keys of every object in order. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, inner: unknown) =>
    isObject(inner) && !Object.isFrozen(inner) ? Object.fromEntries(Object.entries(inner).sort(byKey)) : inner,
  );
const byKey = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);
