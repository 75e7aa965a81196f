import { type Answer, type Api, expectStatus, type KeyBody, makeKey } from '../parts/client.ts';

/** Every way in which a policy, or another version of one, comes to decide on calls. */

export interface Policy {
  id: string;
  status: string;
  mode: string;
  version: number;
  second_person: { projects: string[]; written_by: { id: string; name: string | null }[]; is_you: boolean } | null;
}
interface Refused {
  error: { code: string; message: string };
}
export type Tried = Answer<Policy & Refused>;

export interface People {
  /** Who writes. */
  author: Api;
  /** Somebody else, who agrees to what has to be in force before. */
  other: Api;
  /** Who tries to bring it in force. */
  actor: Api;
  /** The target of the policy, and its name. */
  target: object;
  name: string;
}

export interface Way {
  name: string;
  /** Writing and bringing in force are one act, so whoever tries is the author. */
  is_own?: true;
  /** What the policy is until the attempt, and remains when that is refused; null: there is none. */
  from: 'draft' | 'shadow' | 'enforce' | 'disabled' | null;
  take: (people: People) => Promise<Tried>;
}

const reason = 'a way into force';
export const document = ({ target, name }: Pick<People, 'target' | 'name'>, max = 5, mode = 'enforce') => ({
  name,
  target,
  mode,
  controls: [{ limit: { type: 'cost_usd', max, window: { per: 'day' } }, action: 'block' }],
});
const yaml = (of: People, more: object = {}) => JSON.stringify({ ...document(of), ...more });

const draft = async (of: People, mode = 'enforce'): Promise<Policy> =>
  expectStatus(201, await of.author.post<Policy>('/api/v1/policies', document(of, 5, mode)));
const activate = (by: Api, { id }: Policy, mode?: string, headers = {}): Promise<Tried> =>
  by.post(`/api/v1/policies/${id}/activate`, { reason, ...(mode && { mode }) }, { headers });
const put = (by: Api, { id }: Policy, body: object): Promise<Tried> =>
  by.put(`/api/v1/policies/${id}`, { ...body, reason });

async function shadow(people: People): Promise<Policy> {
  const made = await draft(people);
  return expectStatus(200, await activate(people.author, made, 'shadow'));
}
async function enforced(people: People): Promise<Policy> {
  const made = await draft(people);
  return expectStatus(200, await activate(people.other, made));
}
async function disabled(people: People): Promise<Policy> {
  const { id } = await enforced(people);
  return expectStatus(200, await people.actor.post<Policy>(`/api/v1/policies/${id}/disable`, { reason }));
}
const apply = (by: Api, text: string): Promise<Answer<{ policies: { policy_id: string }[] } & Refused>> =>
  by.post('/api/v1/policies/apply', { yaml: text, reason });

/** An apply, answered with the policy that it made or changed. */
async function applied(by: Api, text: string): Promise<Tried> {
  const answer = await apply(by, text);
  if (answer.status !== 200) return answer as unknown as Tried;
  return by.get(`/api/v1/policies/${answer.body.policies[0]?.policy_id}`);
}

export const ways: readonly Way[] = [
  { name: 'activate a draft', from: 'draft', take: async (of) => activate(of.actor, await draft(of)) },
  {
    name: 'activate a draft that was to begin in shadow, enforced',
    from: 'draft',
    take: async (of) => activate(of.actor, await draft(of, 'shadow'), 'enforce'),
  },
  {
    name: 'enforce what is in shadow',
    from: 'shadow',
    take: async (of) => activate(of.actor, await shadow(of), 'enforce'),
  },
  {
    name: 'edit what is in shadow so that it is enforced',
    from: 'shadow',
    take: async (of) => put(of.actor, await shadow(of), document(of)),
  },
  { name: 'resume what was disabled', from: 'disabled', take: async (of) => activate(of.actor, await disabled(of)) },
  {
    name: 'activate, and again under the same idempotency key',
    from: 'draft',
    take: async (of) => {
      const made = await draft(of);
      const headers = { 'idempotency-key': `once-${made.id}` };
      await activate(of.actor, made, 'enforce', headers);
      return activate(of.actor, made, 'enforce', headers);
    },
  },
  {
    name: 'apply the file of a draft as active',
    from: 'draft',
    take: async (of) => {
      expectStatus(200, await apply(of.author, yaml(of, { status: 'draft' })));
      return applied(of.actor, yaml(of));
    },
  },
  {
    name: 'apply the file of a shadow as enforced',
    from: 'shadow',
    take: async (of) => {
      expectStatus(200, await apply(of.author, yaml(of, { mode: 'shadow' })));
      return applied(of.actor, yaml(of));
    },
  },
  {
    name: 'activate what somebody else renamed meanwhile',
    from: 'draft',
    take: async (of) => {
      const made = await draft(of);
      expectStatus(200, await put(of.other, made, { ...document(of), name: 'Renamed' }));
      return activate(of.actor, made);
    },
  },
  { name: 'apply a new file', is_own: true, from: null, take: (of) => applied(of.actor, yaml(of)) },
  {
    name: 'edit what is enforced',
    is_own: true,
    from: 'enforce',
    take: async (of) => put(of.actor, await enforced(of), document(of, 500)),
  },
  {
    name: 'move what is enforced to other runs',
    is_own: true,
    from: 'enforce',
    take: async (of) =>
      put(of.actor, await enforced(of), document({ ...of, target: { kind: 'project', ids: ['free'] } })),
  },
  {
    name: 'go back to an earlier version of what is enforced',
    is_own: true,
    from: 'enforce',
    take: async (of) => {
      const made = await draft(of);
      expectStatus(200, await put(of.author, made, document(of, 7)));
      expectStatus(200, await activate(of.other, made));
      return put(of.actor, made, document(of, 5));
    },
  },
  {
    name: 'write into a draft and activate it',
    is_own: true,
    from: 'draft',
    take: async (of) => {
      const made = await draft(of);
      expectStatus(200, await put(of.actor, made, document(of, 9)));
      return activate(of.actor, made);
    },
  },
];

/** Keys by which the same person may come back: one that they made, and that one rotated. */
export async function otherKeysOf(person: Api, open: (secret: string) => Api): Promise<Api[]> {
  const made = await makeKey(person, { role: 'admin', project_id: null });
  const of_it = await makeKey(open(made.secret), { role: 'admin', project_id: null });
  const path = `/api/v1/api-keys/${made.id}/rotate`;
  const rotated = expectStatus(200, await person.post<KeyBody>(path, { reason, overlap_seconds: 3600 }));
  return [made, of_it, rotated].map(({ secret }) => open(secret));
}
