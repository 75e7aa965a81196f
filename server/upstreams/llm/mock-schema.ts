import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';

/** Schemas nested deeper than this (they may refer to themselves) are answered with null. */
const max_depth = 8;

const by_format: Record<string, string> = {
  date: '2025-01-15',
  'date-time': '2025-01-15T09:30:00Z',
  time: '09:30:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '00000000-0000-4000-8000-000000000000',
};

/** A value that a JSON schema accepts, as far as its common keywords go; the same for the same schema. */
export function valueFor(schema: Json | undefined, name = 'value', root: Json | undefined = schema, depth = 0): Json {
  if (!isObject(schema) || depth > max_depth) return null;
  const given = firstOf(schema, ['const', 'default']) ?? first(schema.enum) ?? first(schema.examples);
  if (given !== undefined) return given;
  if (typeof schema.$ref === 'string') return valueFor(resolve(schema.$ref, root), name, root, depth + 1);
  const variant = first(schema.anyOf) ?? first(schema.oneOf) ?? first(schema.allOf);
  if (variant !== undefined) return valueFor(variant, name, root, depth + 1);
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string':
      return text(schema, name);
    case 'integer':
    case 'number':
      return number(schema);
    case 'boolean':
      return true;
    case 'array': {
      const length = Math.min(Math.max(numberIn(schema, 'minItems') ?? 1, 0), 20);
      return Array.from({ length }, () => valueFor(schema.items, name, root, depth + 1));
    }
    case 'null':
      return null;
    default:
      return object(schema, root, depth);
  }
}

function object(schema: JsonObject, root: Json | undefined, depth: number): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, valueFor(property, name, root, depth + 1)]),
  );
}

function text(schema: JsonObject, name: string): string {
  const value = (typeof schema.format === 'string' && by_format[schema.format]) || `example ${name}`;
  return value.padEnd(numberIn(schema, 'minLength') ?? 0, '.').slice(0, numberIn(schema, 'maxLength') ?? undefined);
}

function number(schema: JsonObject): number {
  const above = numberIn(schema, 'exclusiveMinimum');
  const least = numberIn(schema, 'minimum') ?? (above === undefined ? 1 : above + 1);
  return Math.min(least, numberIn(schema, 'maximum') ?? least);
}

function numberIn(schema: JsonObject, keyword: string): number | undefined {
  const value = schema[keyword];
  return typeof value === 'number' ? value : undefined;
}

function first(list: Json | undefined): Json | undefined {
  return Array.isArray(list) ? list[0] : undefined;
}

function firstOf(schema: JsonObject, keywords: string[]): Json | undefined {
  const keyword = keywords.find((candidate) => Object.hasOwn(schema, candidate));
  return keyword === undefined ? undefined : schema[keyword];
}

/** Follows a reference within the document, such as `#/$defs/City`. */
function resolve(reference: string, root: Json | undefined): Json | undefined {
  let value: Json | undefined = root;
  for (const part of reference.split('/').slice(1)) value = isObject(value) ? value[part] : undefined;
  return value;
}
