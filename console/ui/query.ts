/** What somebody wrote into the field of a list: `agent:support-bot cost:>0.5 "timeout"`. */
export interface Written {
  /** `name:value`, in the order they were written. */
  pairs: readonly (readonly [name: string, value: string])[];
  /** What stands outside of them, to be searched for; empty: nothing. */
  text: string;
  /** A name that is no filter. */
  unknown: string | undefined;
}

const tokens = /([a-z_]+):(?:"([^"]*)"|(\S+))|"([^"]*)"|(\S+)/g;

/** In quotes, a value has spaces and a text has colons. */
export function written(query: string, names: readonly string[]): Written {
  const found = [...query.matchAll(tokens)];
  const pairs = found.flatMap(([, name, quoted, plain]) =>
    name === undefined ? [] : [[name, quoted ?? plain ?? ''] as const],
  );
  const text = found.flatMap(([, name, , , quoted, plain]) => (name === undefined ? [quoted ?? plain ?? ''] : []));
  return {
    pairs: pairs.filter(([, value]) => value !== ''),
    text: text.join(' ').trim(),
    unknown: pairs.find(([name]) => !names.includes(name))?.[0],
  };
}
