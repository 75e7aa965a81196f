import type { z } from 'zod';

type Schema = z.core.$ZodType;

/** The members an object may have at a path of a schema, with the schema of each; empty where no object is expected. */
export function membersAt(schema: Schema, path: readonly PropertyKey[], input: unknown): Map<string, Schema> {
  let found = objectsIn(schema, input);
  let value = input;
  for (const key of path) {
    value = memberOf(value, key);
    found = found.flatMap((of) => objectsIn(childOf(of, key), value));
  }
  return new Map(found.flatMap((of) => Object.entries(shapeOf(of))));
}

/** Members that hold an object with such a member of their own: where a misplaced key would belong. */
export function homesOf(key: string, members: ReadonlyMap<string, Schema>): string[] {
  return [...members].filter(([, schema]) => membersAt(schema, [], undefined).has(key)).map(([name]) => name);
}

const memberOf = (value: unknown, key: PropertyKey): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;

const defOf = (schema: Schema) => (schema as z.core.$ZodTypes)._zod.def;

const shapeOf = (schema: Schema): Record<string, Schema> => {
  const def = defOf(schema);
  return def.type === 'object' ? def.shape : {};
};

function childOf(schema: Schema, key: PropertyKey): Schema | undefined {
  const def = defOf(schema);
  if (def.type === 'object') return def.shape[String(key)];
  if (def.type === 'array') return def.element;
  return def.type === 'record' ? def.valueType : undefined;
}

/** What stands behind optional, default, pipe and union: the objects, lists and records that the value may be. */
function objectsIn(schema: Schema | undefined, value: unknown): Schema[] {
  if (!schema) return [];
  const def = defOf(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return objectsIn(def.innerType, value);
    case 'pipe':
      return objectsIn(def.in, value);
    case 'lazy':
      return objectsIn(def.getter(), value);
    case 'union':
      return meant(def, value).flatMap((option) => objectsIn(option, value));
    case 'object':
    case 'array':
    case 'record':
      return [schema];
    default:
      return [];
  }
}

/** Of a union with a discriminator the options that the value names; all of them when it names none. */
function meant(def: z.core.$ZodUnionDef & { discriminator?: string }, value: unknown): readonly Schema[] {
  const { discriminator, options } = def;
  if (discriminator === undefined) return options;
  const named = memberOf(value, discriminator);
  const fitting = options.filter((option) => option._zod.propValues?.[discriminator]?.has(named as never));
  return fitting.length > 0 ? fitting : options;
}
