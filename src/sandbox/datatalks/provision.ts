/** A mapping file's settings as the mapping that onboarding would have set up at Data Talks (contract §1). */
import type { MappedField, Mapping } from './fields.ts';

export function readMapping(settings: Readonly<Record<string, unknown>>): {
  readonly type: string;
  readonly mapping: Mapping;
} {
  const { type, hardId, fields } = settings;
  if (typeof type !== 'string') throw new TypeError('a data point type needs a name (settings.type)');
  const names: unknown[] = Array.isArray(hardId) ? hardId : [];
  const mapped = typeof fields === 'object' && fields !== null ? Object.entries(fields).map(readField) : [];
  return { type, mapping: { hardId: names.map(String), fields: mapped } };
}

function readField([source, form]: [string, unknown]): MappedField {
  if (typeof form === 'string') return { source, type: form, optional: false };
  const { type, optional, format }: { type?: unknown; optional?: unknown; format?: unknown } =
    typeof form === 'object' && form !== null ? form : {};
  return {
    source,
    type: String(type),
    optional: optional === true,
    format: typeof format === 'string' ? format : undefined,
  };
}
