/**
 * JSON Schemas of the config file and of mappings, for editors. Made of the same zod schemas that check the files, and of what
 * each target type says of its settings, operations and fields: they cannot lag behind.
 */
import * as z from 'zod';
import { commonTargetSettings, configFile } from './config/schema.ts';
import { mappingJsonSchema } from './mapping/schema.ts';
import { targetTypes } from './targets/index.ts';
import type { OperationType, TargetType } from './targets/target.ts';

export type JsonSchema = { [key: string]: unknown };

/** Of `cdp-load.yaml`: each target by its type, with the settings all have and its own. */
export function configJsonSchema(): JsonSchema {
  const { targets, ...rest } = propertiesOf(schemaOf(configFile));
  return {
    $schema: dialect,
    title: 'cdp-load config',
    type: 'object',
    properties: {
      ...rest,
      targets: {
        ...targets,
        description: 'Destinations by name.',
        additionalProperties: { oneOf: targetTypes.map(targetSchema) },
      },
    },
    required: ['targets'],
    additionalProperties: false,
  };
}

/** Of a mapping: the format itself, and by target and operation the settings and the names of fields. */
export function mappingSchemaForEditors(): JsonSchema {
  const base = mappingJsonSchema();
  const properties = propertiesOf(base);
  const definitions = Object.fromEntries(targetTypes.map((type) => [type.type, operationsSchema(type)]));
  return {
    ...base,
    properties: {
      ...properties,
      target: { ...properties['target'], enum: targetTypes.flatMap(namesOf) },
    },
    allOf: targetTypes.map((type) => {
      const rules = { $ref: `#/$defs/${type.type}` };
      return {
        if: { properties: { target: { enum: namesOf(type) } }, required: ['target'] },
        then: { allOf: [rules], properties: { items: { items: rules } } },
      };
    }),
    $defs: { ...(isSchema(base['$defs']) ? base['$defs'] : {}), ...definitions },
  };
}

const dialect = 'https://json-schema.org/draft/2020-12/schema';

const namesOf = ({ type, aliases }: TargetType<unknown>): string[] => [type, ...aliases];

const schemaOf = (schema: z.ZodType): JsonSchema => {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
};

const isSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function propertiesOf(schema: JsonSchema): Record<string, JsonSchema> {
  const { properties } = schema;
  return isSchema(properties)
    ? Object.fromEntries(
        Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isSchema(entry[1])),
      )
    : {};
}

function targetSchema(type: TargetType<unknown>): JsonSchema {
  const own = schemaOf(type.config);
  const common = propertiesOf(schemaOf(commonTargetSettings));
  const required = Array.isArray(own['required']) ? own['required'] : [];
  const settings = { ...common, ...propertiesOf(own) };
  return {
    title: type.title,
    type: 'object',
    properties: {
      ...Object.fromEntries(Object.entries(settings).map(([name, schema]) => [name, orReference(schema)])),
      type: { description: `Target type: ${type.title}.`, enum: namesOf(type) },
    },
    // What the environment may give need not stand in the file.
    required: ['type', ...required.filter((name) => typeof name === 'string' && type.environment[name] === undefined)],
    additionalProperties: false,
  };
}

/** Where text must have a form, `${NAME}` and `${file:…}` may stand in its place. */
function orReference(schema: JsonSchema): JsonSchema {
  const isBoundText =
    schema['type'] === 'string' && ['pattern', 'format', 'enum', 'const'].some((key) => schema[key] !== undefined);
  if (!isBoundText) return schema;
  const { description, ...form } = schema;
  return {
    ...(description === undefined ? {} : { description }),
    anyOf: [form, { type: 'string', pattern: '\\$\\{' }],
  };
}

function operationsSchema({ operations }: TargetType<unknown>): JsonSchema {
  const named = Object.entries(operations);
  return {
    properties: {
      operation: {
        oneOf: named.map(([name, { summary, destroys }]) => ({
          const: name,
          description: destroys === undefined ? summary : `${summary} (${destroys})`,
        })),
      },
    },
    allOf: named.map(([name, operation]) => ({
      if: { properties: { operation: { const: name } }, required: ['operation'] },
      then: { properties: { settings: schemaOf(operation.settings), fields: fieldsSchema(operation) } },
    })),
  };
}

/** Names to complete; what a field may be stands in the format itself. */
const fieldsSchema = ({ fields }: OperationType): JsonSchema => ({
  properties: Object.fromEntries(
    fields
      .filter(({ name }) => !name.includes('*'))
      .map(({ name, about, type, required }) => {
        const said = [about, type, required === true ? 'required' : undefined].filter((text) => text !== undefined);
        return [name, said.length === 0 ? {} : { description: said.join('; ') }];
      }),
  ),
});
