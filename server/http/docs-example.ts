import { isObject, type Json, type JsonObject } from '@aos/core/base/json.ts';

const deepest = 6;

/** A plausible value of a JSON Schema, for people to read. `components` are the schemas that references name. */
export function exampleOf(schema: Json | undefined, components: JsonObject, depth = 0): Json {
  if (!isObject(schema) || depth > deepest) return {};
  if (typeof schema.$ref === 'string')
    return exampleOf(components[schema.$ref.split('/').at(-1) ?? ''], components, depth);
  const [given] = Array.isArray(schema.examples) ? schema.examples : [];
  if (given !== undefined) return given;
  if (schema.default !== undefined) return schema.default;
  if (schema.const !== undefined) return schema.const;
  const [choice] = Array.isArray(schema.enum) ? schema.enum : [];
  if (choice !== undefined) return choice;
  const [form] = [schema.anyOf, schema.oneOf, schema.allOf].find(Array.isArray) ?? [];
  if (form !== undefined) return exampleOf(form, components, depth);
  const [type] = Array.isArray(schema.type) ? schema.type : [schema.type];
  switch (type) {
    case 'object':
      return objectOf(schema, components, depth);
    case 'array':
      return [exampleOf(schema.items, components, depth + 1)];
    case 'integer':
    case 'number':
      return typeof schema.minimum === 'number' ? Math.max(1, schema.minimum) : 1;
    case 'boolean':
      return true;
    case 'string':
      return textOf(schema);
    case 'null':
      return null;
    default:
      return {};
  }
}

const objectOf = (schema: JsonObject, components: JsonObject, depth: number): JsonObject =>
  Object.fromEntries(
    Object.entries(isObject(schema.properties) ? schema.properties : {}).map(([name, part]) => [
      name,
      exampleOf(part, components, depth + 1),
    ]),
  );

/** The suffix of the example of the TypeID specification. */
const id_suffix = '01h455vb4pex5vsknk084sn02q';

function textOf({ format, pattern }: JsonObject): string {
  if (format === 'date-time') return '2026-01-31T12:00:00.000Z';
  const prefix = typeof pattern === 'string' ? /^\^([a-z]{3})_/.exec(pattern)?.[1] : undefined;
  return prefix === undefined ? '…' : `${prefix}_${id_suffix}`;
}
