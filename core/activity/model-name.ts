const google_prefix = 'models/';

/**
 * The name of a model as prices and policies compare it: providers serve it in capitals too, and Google with `models/`
 * before it.
 */
export function comparedName(model: string): string {
  const name = model.trim().toLowerCase();
  return name.startsWith(google_prefix) ? name.slice(google_prefix.length) : name;
}
