/** `cdp-load schema`: JSON Schema of the config file or of mappings, for editors. */
import { configJsonSchema, mappingSchemaForEditors } from '../json-schemas.ts';

export function schema(what: 'config' | 'mapping'): void {
  const made = what === 'config' ? configJsonSchema() : mappingSchemaForEditors();
  process.stdout.write(`${JSON.stringify(made, null, 2)}\n`);
}
