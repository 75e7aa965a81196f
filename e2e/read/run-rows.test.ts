import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadDemo } from '../console/demo.ts';
import { api, expectStatus } from '../parts/client.ts';
import { type Gateway, startGateway } from '../parts/gateway.ts';

/** What a page of runs says of each is read for all of them at once, in the stretch of time they are of: it is what each by itself has. */

let gateway: Gateway;
let key: string;

beforeAll(async () => {
  gateway = await startGateway();
  key = await loadDemo(gateway.server, { runs: 120, days: 28 });
});
afterAll(async () => {
  await gateway?.stop();
});

interface Said {
  id: string;
  models: string[];
  steps: number;
  unpriced_calls: number;
  decided: Record<string, number>;
  incident_ids: string[];
  source: string;
  trace_id: string;
}
interface Page {
  items: Said[];
  next_cursor: string | null;
}

const of_each = `
  select r.id, r.mode as source, 'trc' || substr(r.id, 4) as trace_id,
      array(select distinct x.model from llm_run_records x where x.run_id = r.id order by x.model) as models,
      (select count(*)::int from steps x where x.run_id = r.id) as steps,
      (select count(*)::int from llm_run_records x where x.run_id = r.id and x.cost_usd is null) as unpriced_calls,
      (select jsonb_build_object('warn', count(*) filter (where x.verdict = 'warn'), 'pause', count(*) filter (where x.verdict = 'pause'),
          'block', count(*) filter (where x.verdict = 'block'), 'kill', count(*) filter (where x.verdict = 'kill'))
        from decisions x where x.run_id = r.id) as decided,
      array(select i.id from incidents i where i.source_run_id = r.id order by i.id) as incident_ids
    from runs r order by r.id desc`;

test('pages of runs say of each run what that run has', async () => {
  const expected = await gateway.rows<Said>(of_each);
  expect(expected.length).toBeGreaterThan(100);
  const shown: Said[] = [];
  let after = '';
  do {
    const path = `/api/v1/runs?limit=50&is_synthetic=all${after}`;
    const page = expectStatus(200, await api(gateway.server, key).get<Page>(path));
    shown.push(...page.items);
    after = page.next_cursor === null ? '' : `&cursor=${page.next_cursor}`;
  } while (after !== '');
  const names = Object.keys(expected[0] ?? {}) as (keyof Said)[];
  const picked = shown.map((run) => Object.fromEntries(names.map((name) => [name, run[name]])));
  expect(picked).toEqual(expected);
  expect(shown.some(({ decided }) => (decided.block ?? 0) > 0)).toBe(true);
  expect(shown.some(({ models }) => models.length > 0)).toBe(true);
});

test('a run says which of the runs of its session it is', async () => {
  const runs = await gateway.rows<{ id: string; nth: number; of: number }>(
    `select id, row_number() over (partition by session_id order by id)::int as nth,
        count(*) over (partition by session_id)::int as of from runs where session_id is not null order by id limit 20`,
  );
  expect(runs.length).toBeGreaterThan(0);
  for (const { id, nth, of } of runs) {
    const run = expectStatus(
      200,
      await api(gateway.server, key).get<{ session_place: object | null }>(`/api/v1/runs/${id}`),
    );
    expect(run.session_place).toEqual({ nth, of });
  }
});

test('runs are narrowed to those that violated a policy in force, by its name or id, and to all others', async () => {
  const [policy] = await gateway.rows<{ id: string; name: string; runs: string[]; all: number }>(
    `select p.id, p.document ->> 'name' as name, (select count(*)::int from runs) as all,
        array(select distinct v.run_id from violations v where v.policy_id = p.id and v.mode = 'enforce' order by 1) as runs
      from policies p where p.id = (select v.policy_id from violations v where v.mode = 'enforce' group by 1 order by count(*) desc limit 1)`,
  );
  const name = policy?.name ?? '';
  expect(policy?.runs.length).toBeGreaterThan(0);
  const listed = async (asked: string) => {
    const query = new URLSearchParams({ policy: asked, limit: '200', is_synthetic: 'all' });
    const { items } = expectStatus(200, await api(gateway.server, key).get<Page>(`/api/v1/runs?${query}`));
    return items.map(({ id }) => id).sort();
  };
  expect(await listed(name)).toEqual(policy?.runs);
  expect(await listed(policy?.id ?? '')).toEqual(policy?.runs);
  const others = await listed(`!${name}`);
  expect(others).toHaveLength((policy?.all ?? 0) - (policy?.runs.length ?? 0));
  expect(others.filter((id) => policy?.runs.includes(id))).toEqual([]);
  expect(await listed('No such policy')).toEqual([]);
});
