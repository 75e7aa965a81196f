import { endpoints } from '@aos/sdk/endpoints.generated.ts';
import { type Input, type Name, pathFor } from '../api.ts';
import { quoted } from './list-command.ts';

const key = '-H "authorization: Bearer $AOS_API_KEY"';

/** A request of the console as somebody with a key asks it. */
export const curlOf = (path: string): string => `curl -s '${window.location.origin}${path}' ${key}`;

/** The same of a request with a body. */
export function sendingOf<N extends Name>(of: N, input: Input<N>): string {
  const [method] = endpoints[of].split(' ');
  const body = quoted(JSON.stringify(input.body));
  return `curl -s -X ${method} '${window.location.origin}${pathFor(of, input)}' ${key} -H 'content-type: application/json' -d ${body}`;
}
