/** Objects that have a console page of their own, by the prefix of their id; the others are found by `/go/<id>`. */
const pages: Readonly<Record<string, string>> = {
  run: '/runs/',
  pol: '/policies/',
  inc: '/incidents/',
  dec: '/d/',
  sig: '/activity/signals?signal=',
};

/** Where the console shows the object with this id. `public_url` has no slash at its end. */
export function consoleUrl(public_url: string, id: string): string {
  return `${public_url}${pages[id.slice(0, id.indexOf('_'))] ?? '/go/'}${id}`;
}
