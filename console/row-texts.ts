/** Takes an object and lets each of its longer texts, and of what is within it, be the one that an object before it had. */
export type Shared = (of: object) => void;

/** The engine itself keeps shorter ones once. */
const shortest = 11;
/** A property with more different values than this is one of its own in each object, such as an id. */
const most_values = 256;

/**
 * Rows of a list say the same again and again: of which tenant, project, key, agent, with which models. Parsed, each of
 * these texts, lists and objects is there as often as there are rows; shared, a list of 100,000 runs takes half the memory.
 */
export function sharing(): Shared {
  const known = new Map<string, Map<string, unknown>>();
  return (of) => {
    const properties = of as Record<string, unknown>;
    const own = new Map<string, unknown>();
    for (const [name, value] of Object.entries(properties)) {
      const text = textOf(value);
      if (text === null) continue;
      const values = known.get(name) ?? new Map<string, unknown>();
      if (values.size === 0) known.set(name, values);
      const same = own.get(text) ?? values.get(text);
      if (same !== undefined) properties[name] = same;
      else if (values.size < most_values) values.set(text, value);
      own.set(text, same ?? value);
    }
  };
}

/** What a value is known by; null: it is not worth to be shared. An object is told from a text by how it begins. */
function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value.length < shortest ? null : `"${value}`;
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : null;
}
