import { z } from 'zod';
import { isObject, type Json, type JsonObject } from '../base/json.ts';

/** Schemas with a name of their own, by that name: what `components.schemas` of the document holds. */
export interface SchemaBook {
  components: Record<string, JsonObject>;
  /** What an answer looks like; named schemas in it become references. */
  ofAnswer(schema: z.ZodType): JsonObject;
  /** What a request may hold, before defaults are filled in; whole, without references. */
  ofRequest(schema: z.ZodType): JsonObject;
  /** Query parameters are texts that are read as lists and numbers: they are described as what they are read as. */
  ofQuery(schema: z.ZodType): JsonObject;
}

type Meta = { id?: string | undefined; [name: string]: unknown };

/** The descriptions that schemas carry, with further names for schemas that have none. */
class Naming extends z.core.$ZodRegistry<Meta> {
  readonly #names: ReadonlyMap<z.core.$ZodType, string>;

  constructor(names: ReadonlyMap<z.core.$ZodType, string>) {
    super();
    this.#names = names;
  }

  override get<S extends z.core.$ZodType>(schema: S): (Meta & z.core.$replace<Meta, S>) | undefined {
    const { id: own, ...known }: Meta = z.globalRegistry.get(schema) ?? {};
    const id = this.#names.get(schema) ?? own;
    return { ...known, ...(id !== undefined && { id }) } as Meta & z.core.$replace<Meta, S>;
  }

  override has(): boolean {
    return true;
  }
}

/** Describes without names, so that everything is written where it stands. */
class Anonymous extends Naming {
  override get<S extends z.core.$ZodType>(schema: S): (Meta & z.core.$replace<Meta, S>) | undefined {
    const { id: _, ...known }: Meta = super.get(schema) ?? {};
    return known as Meta & z.core.$replace<Meta, S>;
  }
}

/** `names`: schemas that are to be components although they do not name themselves. */
export function schemaBook(names: ReadonlyMap<z.core.$ZodType, string>): SchemaBook {
  const components: Record<string, JsonObject> = {};
  const naming = new Naming(names);
  const anonymous = new Anonymous(new Map());
  return {
    components,
    ofAnswer: (schema) => {
      const { $defs, ...written } = written_as(schema, 'output', naming);
      for (const [name, part] of Object.entries(isObject($defs) ? $defs : {})) {
        if (isObject(part)) components[name] ??= part;
      }
      return written;
    },
    ofRequest: (schema) => written_as(schema, 'input', anonymous),
    ofQuery: (schema) => {
      const read = written_as(schema, 'output', anonymous);
      const sent = written_as(schema, 'input', anonymous);
      return { ...read, required: sent.required ?? [] };
    },
  };
}

function written_as(schema: z.ZodType, io: 'input' | 'output', metadata: Naming): JsonObject {
  const written = z.toJSONSchema(schema, { io, metadata, unrepresentable: 'any', reused: 'inline' });
  return plain(written as unknown as Json, io) as JsonObject;
}

const noise: Record<string, (value: Json, of: JsonObject) => boolean> = {
  $schema: () => true,
  id: (value, of) => typeof value === 'string' && ('type' in of || '$ref' in of || 'anyOf' in of),
  minimum: (value) => value === Number.MIN_SAFE_INTEGER,
  maximum: (value) => value === Number.MAX_SAFE_INTEGER,
  pattern: (_, of) => of.format === 'date-time',
};

/** The same schema for readers: references into the components, without what only says how it was made. */
function plain(value: Json, io: 'input' | 'output'): Json {
  if (Array.isArray(value)) return value.map((item) => plain(item, io));
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([name, member]) => !noise[name]?.(member, value));
  // Answers may get new members: a reader must not refuse them.
  const open =
    io === 'output' ? kept.filter(([name, member]) => name !== 'additionalProperties' || member !== false) : kept;
  return Object.fromEntries(
    open.map(([name, member]) => {
      if (name === '$ref' && typeof member === 'string')
        return [name, member.replace('#/$defs/', '#/components/schemas/')];
      if (name === 'properties' || name === '$defs') return [name, eachOf(member, io)];
      return [name, plain(member, io)];
    }),
  );
}

/** Members here are names of ours, not words of JSON Schema. */
const eachOf = (value: Json, io: 'input' | 'output'): Json =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, part]) => [name, plain(part, io)])) : value;
