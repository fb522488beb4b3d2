/** Reads a mapping file. Whatever is wrong with it is said at once, each complaint with its line and column. */
import { isPlainObject, type Json, type JsonObject } from '../model/json.ts';
import { readOnce } from '../model/read-once.ts';
import { checkField } from './check-field.ts';
import { type Complaint, mappingError, mappingProblem, type Path, quote } from './complaint.ts';
import { readExtended } from './extend.ts';
import { mostMappingBytes } from './files.ts';
import { issueComplaints } from './issues.ts';
import { readLookups } from './lookup.ts';
import { readMaps } from './map-files.ts';
import type { Mapping, MappingEach, MappingEntry, MappingField, MappingGroup, MappingTransform } from './mapping.ts';
import { outputSteps } from './output-path.ts';
import { groupSchema, knownKeys, type LongField, longField, type MappingFile, mappingSchema } from './schema.ts';
import { readModules } from './transform.ts';
import { type ReadYaml, readYaml } from './yaml.ts';

/** @throws UserError `mapping-unreadable`, `mapping-invalid` */
export async function loadMapping(path: string): Promise<Mapping> {
  const complaints: Complaint[] = [];
  const complain = (complaint: Complaint) => void complaints.push(complaint);
  const mapping = await readMaps(understand(await readExtended(path), path), complain);
  const tables = await readLookups(mapping, complain);
  const modules = await readModules(mapping, complain);
  if (complaints.length > 0) throw mappingError(path, mapping.positions, complaints);
  return { ...mapping, tables, modules };
}

/**
 * A mapping that stands in one text and needs no other file.
 * @param fileName for complaints
 * @throws UserError `mapping-invalid`, one complaint a line
 */
export function parseMapping(text: string, fileName: string): Mapping {
  if (text.length > mostMappingBytes) {
    const says = `The mapping ${fileName} is larger than ${mostMappingBytes} bytes.`;
    throw mappingProblem('mapping-unreadable', says, 'Split it.');
  }
  const read = readYaml(text);
  if (read.complaints.length > 0) throw mappingError(fileName, read, read.complaints);
  return understand(read, fileName);
}

function understand({ data, keys, values, written }: ReadYaml, fileName: string): Mapping {
  const positions = { keys, values };
  if (isPlainObject(data) && 'targets' in data && !('fields' in data || 'items' in data)) {
    const says = `${fileName}: is a config file, not a mapping: it has "targets".`;
    throw mappingProblem(
      'mapping-invalid',
      says,
      'Give it to --config. `cdp-load init` writes a mapping to start from.',
    );
  }
  const parsed = mappingSchema.safeParse(data, readOnce);
  const found = parsed.success
    ? []
    : parsed.error.issues.flatMap((issue) => issueComplaints(issue, [], data, knownKeys));
  for (const [field, path] of fieldsIn(data)) found.push(...checkField(field, path));
  found.push(...shapeComplaints(data));
  if (!parsed.success || found.length > 0) throw mappingError(fileName, positions, found);
  return { file: fileName, ...normalise(parsed.data), positions, written, tables: {}, modules: {} };
}

function normalise(file: MappingFile): Omit<Mapping, 'file' | 'positions' | 'written' | 'tables' | 'modules'> {
  const { fields = {}, operation = '', settings = {} } = file;
  const entries: MappingEntry[] =
    file.items === undefined
      ? [
          {
            operation,
            settings: settings as JsonObject,
            ...(file.lastWins === undefined ? {} : { lastWins: file.lastWins }),
            fields: normaliseFields(fields),
            path: [],
          },
        ]
      : file.items.map((entry, index) => ({
          ...entry,
          settings: (entry.settings ?? {}) as JsonObject,
          fields: normaliseFields(entry.fields),
          path: ['items', index],
        }));
  return {
    target: file.target,
    key: file.key === undefined ? [] : [file.key].flat(),
    ...(file.group === undefined ? {} : { group: normaliseGroup(file.group) }),
    ...(file.transform === undefined ? {} : { transform: normaliseTransform(file.transform) }),
    ...(file.where === undefined ? {} : { where: file.where }),
    ...(file.onEmpty === undefined ? {} : { onEmpty: file.onEmpty }),
    entries,
    listed: file.items !== undefined,
    tests: file.tests ?? [],
  };
}

function normaliseGroup(written: NonNullable<MappingFile['group']>): MappingGroup {
  const { by, most } = groupSchema.parse(
    typeof written === 'string' || Array.isArray(written) ? { by: written } : written,
  );
  return { by: [by].flat(), most };
}

const normaliseTransform = (written: NonNullable<MappingFile['transform']>): MappingTransform =>
  typeof written === 'string'
    ? { function: written, adds: [] }
    : { function: written.function, adds: written.adds ?? [] };

const normaliseFields = (fields: Record<string, string | LongField>): MappingField[] =>
  Object.entries(fields).map(([name, written]) => normaliseField(name, written));

function normaliseField(name: string, written: string | LongField): MappingField {
  const { from, each, map, ...field } =
    typeof written === 'string' ? { from: written } : { each: undefined, map: undefined, ...written };
  return {
    ...(field as Omit<LongField, 'from' | 'each' | 'map'> & { const?: Json; default?: Json }),
    name,
    steps: outputSteps(name) ?? [name],
    ...(from === undefined ? {} : { from: [from].flat() }),
    ...(map === undefined ? {} : typeof map === 'string' ? { mapFile: map } : { map }),
    ...(each === undefined ? {} : { each: normaliseEach(each) }),
  };
}

const normaliseEach = ({ where, fields, value }: NonNullable<LongField['each']>): MappingEach => ({
  ...(where === undefined ? {} : { where }),
  ...(fields === undefined ? {} : { fields: normaliseFields(fields) }),
  ...(value === undefined ? {} : { value: normaliseField('', value) }),
});

/** Fields that are whole in themselves, so that their combinations can be checked though something else is wrong. */
function fieldsIn(data: unknown): [LongField, Path][] {
  if (!isPlainObject(data)) return [];
  const groups: [unknown, Path][] = [[data['fields'], ['fields']]];
  if (Array.isArray(data['items'])) {
    data['items'].forEach((entry: unknown, index) => {
      if (isPlainObject(entry)) groups.push([entry['fields'], ['items', index, 'fields']]);
    });
  }
  return groups.flatMap(([fields, path]) => fieldsBelow(fields, path));
}

function fieldsBelow(fields: unknown, path: Path): [LongField, Path][] {
  if (!isPlainObject(fields)) return [];
  return Object.entries(fields).flatMap(([name, field]): [LongField, Path][] => {
    const at = [...path, name];
    const parsed = longField.safeParse(field, readOnce);
    const own: [LongField, Path][] = parsed.success ? [[parsed.data, at]] : [];
    const each = isPlainObject(field) ? field['each'] : undefined;
    if (!isPlainObject(each)) return own;
    return [
      ...own,
      ...fieldsBelow(each['fields'], [...at, 'each', 'fields']),
      ...fieldsBelow({ value: each['value'] }, [...at, 'each']),
    ];
  });
}

/** What zod's shapes cannot say: what excludes what, and how output names nest. */
function shapeComplaints(data: unknown): Complaint[] {
  if (!isPlainObject(data)) return [];
  const found: Complaint[] = testComplaints(data['tests'], data['group'] !== undefined);
  if (data['group'] === undefined) {
    for (const [field, path] of fieldsIn(data)) {
      if (field.each === undefined) continue;
      found.push({
        path: [...path, 'each'],
        text: 'each is a list of the rows of a group, and the mapping has no group',
        atKey: true,
      });
    }
  }
  if (data['items'] === undefined) {
    for (const key of ['operation', 'fields']) {
      if (data[key] === undefined) found.push({ path: [], text: `${key} is missing (or items, a list of several)` });
    }
    found.push(...nestingComplaints(data['fields'], ['fields']));
    return found;
  }
  for (const key of ['operation', 'fields', 'settings', 'lastWins']) {
    if (data[key] !== undefined) {
      found.push({ path: [key], text: `${key} stands in each of items, not beside it`, atKey: true });
    }
  }
  if (Array.isArray(data['items'])) {
    data['items'].forEach((entry: unknown, index) => {
      if (isPlainObject(entry)) found.push(...nestingComplaints(entry['fields'], ['items', index, 'fields']));
    });
  }
  return found;
}

function testComplaints(tests: unknown, grouped: boolean): Complaint[] {
  if (!Array.isArray(tests)) return [];
  return tests.flatMap((test: unknown, index): Complaint[] => {
    if (!isPlainObject(test)) return [];
    const found: Complaint[] = [];
    const says = ['gives', 'rejects', 'skips'].filter((key) => test[key] !== undefined);
    if (says.length !== 1) found.push({ path: ['tests', index], text: 'a test says one of gives, rejects and skips' });
    const from = ['row', 'rows'].filter((key) => test[key] !== undefined);
    if (from.length !== 1)
      found.push({
        path: ['tests', index],
        text: from.length === 0 ? 'row is missing' : 'row and rows exclude each other',
      });
    if (!grouped && test['rows'] !== undefined)
      found.push({
        path: ['tests', index, 'rows'],
        text: 'rows are those of a group, and the mapping has no group: say row',
        atKey: true,
      });
    return found;
  });
}

function nestingComplaints(fields: unknown, path: Path): Complaint[] {
  if (!isPlainObject(fields)) return [];
  const found: Complaint[] = [];
  if (Object.keys(fields).length === 0) found.push({ path, text: 'at least one field is needed' });
  const leaves = new Map<string, string>();
  const groups = new Map<string, string>();
  for (const name of Object.keys(fields)) {
    const complain = (text: string) => found.push({ path: [...path, name], text, atKey: true });
    const field = fields[name];
    const each = isPlainObject(field) ? field['each'] : undefined;
    if (isPlainObject(each) && each['fields'] !== undefined)
      found.push(...nestingComplaints(each['fields'], [...path, name, 'each', 'fields']));
    const steps = outputSteps(name);
    if (steps === undefined) {
      complain(`${quote(name)} has an empty part: dots nest, and "\\." is a full stop inside a name`);
      continue;
    }
    if (steps.includes('__proto__')) complain('no field may be called __proto__');
    const whole = JSON.stringify(steps);
    const clash = leaves.get(whole) ?? groups.get(whole);
    if (clash !== undefined) complain(`${quote(name)} and ${quote(clash)} would stand in the same place`);
    leaves.set(whole, name);
    for (let length = 1; length < steps.length; length++) {
      const part = JSON.stringify(steps.slice(0, length));
      const leaf = leaves.get(part);
      if (leaf !== undefined) complain(`${quote(name)} and ${quote(leaf)} would stand in the same place`);
      groups.set(part, name);
    }
  }
  return found;
}
