/** What a person defines at Adobe before a load: a dataset with its schema. */
import type { FieldRule, FieldType } from '../../targets/target.ts';
import { identityMapNode, type XdmNode, type XdmType } from './xdm.ts';

/** XDM Individual Profile, XDM ExperienceEvent, or (the sandbox's own dataset, made for no mapping) whichever a row looks like. */
export type DatasetClass = 'record' | 'event' | 'either';

export interface Dataset {
  readonly id: string;
  readonly class: DatasetClass;
  readonly schemaId: string;
  readonly schema: XdmNode;
}

interface Draft {
  node: XdmNode;
  readonly children: Map<string, Draft>;
  element?: Draft;
}

/** The schema of a dataset: as declared where it is, else as the mapping's fields say; the class adds its own. */
export function schemaFor(kind: DatasetClass, fields: readonly FieldRule[], declared: unknown): XdmNode {
  const root: Draft = { node: { type: 'object' }, children: new Map() };
  if (isRecord(declared)) {
    for (const [path, given] of Object.entries(declared)) place(root, path, declaredNode(given));
  } else {
    for (const rule of fields) placeRule(root, rule);
    if (fields.length === 0) root.node = { type: 'object', isOpen: true };
  }
  root.children.set('identityMap', { node: identityMapNode, children: new Map() });
  const isEvent = kind === 'event';
  root.children.set('_id', { node: { type: 'string', required: isEvent }, children: new Map() });
  if (kind !== 'record') {
    root.children.set('timestamp', { node: { type: 'date-time', required: isEvent }, children: new Map() });
  }
  return finish(root);
}

function placeRule(root: Draft, { name, type, required }: FieldRule): void {
  if (name === '*') root.node = { ...root.node, isOpen: true };
  else if (name.endsWith('.*')) {
    const below = place(root, name.slice(0, -2), undefined);
    below.node = { ...below.node, type: 'object', isOpen: true };
  } else {
    // Required by a mapping means required in the schema only where the field stands at the top.
    place(root, name, { type: xdmTypes[type ?? 'any'], required: required === true && !name.includes('.') });
  }
}

function place(root: Draft, path: string, node: XdmNode | undefined): Draft {
  let draft = root;
  for (const part of path.split('.')) {
    const name = part.replace(/\[\]$/, '');
    const child = draft.children.get(name) ?? { node: { type: 'object' }, children: new Map() };
    draft.children.set(name, child);
    draft = child;
    if (name === part) continue;
    draft.element ??= { node: { type: 'object' }, children: new Map() };
    draft = draft.element;
  }
  if (node !== undefined) draft.node = node;
  return draft;
}

function finish({ node, children, element }: Draft): XdmNode {
  if (element !== undefined) return { ...node, type: 'array', items: finish(element) };
  if (children.size === 0) return node;
  return { ...node, type: 'object', properties: new Map([...children].map(([name, child]) => [name, finish(child)])) };
}

function declaredNode(given: unknown): XdmNode {
  const { type, required, pattern, ...more } = isRecord(given) ? given : { type: given };
  const node: Record<string, unknown> = { ...more, type: aliases[String(type)] ?? type };
  if (required === true) node['required'] = true;
  if (typeof pattern === 'string') node['pattern'] = new RegExp(pattern, 'u');
  // The border: a declaration that the target took has these names and no others.
  return node as unknown as XdmNode;
}

const aliases: Readonly<Record<string, XdmType>> = { int: 'integer', datetime: 'date-time' };

const xdmTypes: Readonly<Record<FieldType, XdmType>> = {
  string: 'string',
  email: 'string',
  integer: 'long',
  number: 'double',
  boolean: 'boolean',
  date: 'date',
  datetime: 'date-time',
  list: 'array',
  object: 'object',
  any: 'any',
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
