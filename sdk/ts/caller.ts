import type { Answer, EndpointName, Input, Item, ListName } from './contract.ts';
import { endpoints } from './endpoints.generated.ts';
import { type AskedRequest, type RequestOptions, request } from './request.ts';
import { type AOSOptions, type Settings, settingsOf } from './settings.ts';

/** Whether the arguments of a call may be left out altogether. */
type Arguments<Of> =
  Record<string, never> extends Of ? [input?: Of, options?: RequestOptions] : [input: Of, options?: RequestOptions];

/** Reaches every endpoint of one server by its name. */
export class Caller {
  readonly settings: Settings;

  constructor(options: AOSOptions = {}) {
    this.settings = settingsOf(options);
  }

  /** Any endpoint by its name: `aos.call('getRun', { params: { id } })`. What it takes and answers is typed. */
  async call<Name extends EndpointName>(
    name: Name,
    ...[input, options]: Arguments<Input<Name>>
  ): Promise<Answer<Name>> {
    const { params = {}, query, body } = (input ?? {}) as Record<'params' | 'query' | 'body', object | undefined>;
    return (await request(this.settings, { ...placeOf(name, params), query: { ...query }, body, ...options })) as never;
  }

  /** The members of a whole list, however many parts it has: `for await (const run of aos.each('listRuns'))`. */
  async *each<Name extends ListName>(
    name: Name,
    ...[input, options]: Arguments<Input<Name>>
  ): AsyncGenerator<Item<Name>, void, void> {
    let cursor: string | undefined;
    do {
      const asked = {
        ...input,
        query: { ...(input as { query?: object } | undefined)?.query, ...(cursor && { cursor }) },
      };
      const part = (await this.call(name, ...([asked, options] as never))) as unknown as {
        items: Item<Name>[];
        next_cursor: string | null;
      };
      yield* part.items;
      cursor = part.next_cursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** A path that the contract does not name, such as `/health`. */
  send(asked: AskedRequest): Promise<unknown> {
    return request(this.settings, asked);
  }
}

function placeOf(name: EndpointName, params: object): Pick<AskedRequest, 'method' | 'path'> {
  const [method = '', pattern = ''] = endpoints[name].split(' ');
  const given = params as Record<string, string | undefined>;
  const path = pattern.replace(/:([a-z_]+)/g, (_, key: string) => {
    const value = given[key];
    if (value) return encodeURIComponent(value);
    throw new TypeError(`${name} needs params.${key}: ${method} ${pattern} has no address without it.`);
  });
  return { method: method as AskedRequest['method'], path };
}
