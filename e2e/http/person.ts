import { type Answer, type Api, api, expectStatus, type RequestOptions, type ServerAddress } from '../parts/client.ts';

const password = 'a long enough pass phrase';

/** A member of the whole tenant who has joined and signed in. `host` invites them. */
export async function signedIn(host: Api, email: string, role = 'admin'): Promise<Api & { key_id: string }> {
  const server: ServerAddress = { url: host.url };
  const invited = await host.post<{ invite_url: string; api_key_id: string }>('/api/v1/members', {
    email,
    role,
    project_id: null,
  });
  const { invite_url, api_key_id } = expectStatus(201, invited);
  const nobody = api(server, null);
  const token = new URL(invite_url).hash.slice(1);
  expectStatus(200, await nobody.post('/api/v1/members/accept', { token, password }));
  const origin = { origin: host.url };
  const session = await nobody.post('/api/v1/session', { email, password }, { headers: origin });
  expectStatus(200, session);
  const cookie = (session.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
  const as = (options: RequestOptions = {}) => ({ ...options, headers: { ...origin, cookie, ...options.headers } });
  return {
    ...{ url: host.url, key: null, key_id: api_key_id },
    get: <T>(path: string, options?: RequestOptions): Promise<Answer<T>> => nobody.get<T>(path, as(options)),
    post: <T>(path: string, body?: unknown, options?: RequestOptions) => nobody.post<T>(path, body ?? {}, as(options)),
    put: <T>(path: string, body?: unknown, options?: RequestOptions) => nobody.put<T>(path, body, as(options)),
    del: <T>(path: string, options?: RequestOptions) => nobody.del<T>(path, as(options)),
  };
}
