/** A value as YAML that every parser reads back the same. Pure. Members without a value are left out. */
export const yamlOf = (value: unknown): string => `${lines(value).join('\n')}\n`;

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);

function lines(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => hung(lines(item)));
  if (typeof value !== 'object' || value === null) return [scalar(value)];
  return Object.entries(value)
    .filter(([, member]) => !isEmpty(member))
    .flatMap(([name, member]) => {
      const below = lines(member);
      const nested = typeof member === 'object';
      return nested ? [`${name}:`, ...below.map((line) => `  ${line}`)] : [`${name}: ${below[0]}`];
    });
}

const hung = ([first = '', ...rest]: string[]): string[] => [`- ${first}`, ...rest.map((line) => `  ${line}`)];

/** Texts that could be taken for something else stand in quotes. */
const plain = /^[A-Za-z][A-Za-z0-9_ .,()/-]*[A-Za-z0-9)]$/;
const words = /^(?:true|false|yes|no|on|off|null|y|n)$/i;

function scalar(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value) ?? 'null';
  return plain.test(value) && !words.test(value) ? value : JSON.stringify(value);
}
