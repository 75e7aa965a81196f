import type { PastRun } from '@aos/core/api/synthetic.ts';
import { instantText } from '@aos/core/base/time.ts';

/** Who plays in the demo, and how much of the day's work each agent does. */
export const cast = [
  { slug: 'support-bot', name: 'Support bot', model: 'mock-large', share: 0.4, calls: [2, 4], tokens: [4_000, 9_000] },
  {
    slug: 'research-agent',
    name: 'Research agent',
    model: 'mock-large',
    share: 0.12,
    calls: [4, 9],
    tokens: [6_000, 14_000],
  },
  {
    slug: 'invoice-clerk',
    name: 'Invoice clerk',
    model: 'mock-small',
    share: 0.2,
    calls: [2, 5],
    tokens: [1_500, 4_000],
  },
  {
    slug: 'sales-writer',
    name: 'Sales writer',
    model: 'mock-large',
    share: 0.12,
    calls: [1, 3],
    tokens: [1_000, 3_000],
  },
  {
    slug: 'code-reviewer',
    name: 'Code reviewer',
    model: 'mock-small',
    share: 0.1,
    calls: [2, 6],
    tokens: [8_000, 24_000],
  },
  {
    slug: 'data-analyst',
    name: 'Data analyst',
    model: 'mock-small',
    share: 0.06,
    calls: [3, 7],
    tokens: [2_000, 7_000],
  },
] as const;
type Agent = (typeof cast)[number];

export const people = [
  'amara.okafor',
  'lena.fischer',
  'diego.santos',
  'priya.nair',
  'tomas.novak',
  'yuki.tanaka',
  'noor.haddad',
  'sam.reed',
];

const day = { per: 'day', timezone: 'UTC' };

/** The policies of the demo, as files would hold them: six decide, one only watches. */
export const policies = [
  {
    name: 'Support bot daily cap',
    owner: 'support-leads',
    target: { kind: 'agent', ids: ['support-bot'] },
    controls: [
      {
        limit: { type: 'cost_usd', max: '1.00', window: day },
        action: 'block',
        message: 'The daily budget is used. Ask #support-budget for more.',
      },
    ],
  },
  {
    name: 'Run step cap',
    owner: 'platform',
    target: { kind: 'agent', ids: ['support-bot', 'research-agent'] },
    controls: [{ limit: { type: 'steps', max: 15, window: { per: 'run' } }, action: 'block' }],
  },
  {
    name: 'Research tokens per run',
    owner: 'research',
    target: { kind: 'agent', ids: ['research-agent'] },
    controls: [{ limit: { type: 'tokens_total', max: 120_000, window: { per: 'run' } }, action: 'kill' }],
  },
  {
    name: 'Cheap models for invoices',
    owner: 'finance',
    target: { kind: 'agent', ids: ['invoice-clerk'] },
    controls: [{ rule: { type: 'model_access', params: { deny: ['mock-expensive'] } }, action: 'block' }],
  },
  {
    name: 'Large models for reviews',
    owner: 'platform',
    target: { kind: 'agent', ids: ['code-reviewer'], when: { model: ['mock-large'] } },
    controls: [{ limit: { type: 'requests', max: 8, window: day }, alerts: { tiers: [50, 70, 90] }, action: 'block' }],
  },
  {
    name: 'A person looks at slow offers',
    owner: 'sales',
    target: { kind: 'agent', ids: ['sales-writer'] },
    controls: [
      {
        rule: { type: 'model_access', params: { deny: ['mock-slow'] } },
        action: 'pause',
        pause: { wait_seconds: 0, timeout_seconds: 86_400, on_timeout: 'block' },
      },
    ],
  },
  {
    name: 'Demo daily spend, watched',
    owner: 'platform',
    mode: 'shadow',
    target: { kind: 'project', ids: ['demo'] },
    controls: [{ limit: { type: 'cost_usd', max: '2.50', window: day }, action: 'block' }],
  },
];

const goals: Record<Agent['slug'], string[]> = {
  'support-bot': [
    'Refund order 1182',
    'Where is parcel 7731?',
    'Change the delivery address of order 2290',
    'Explain the last bill',
  ],
  'research-agent': [
    'Compare three vendors of vector stores',
    'Summarise the new export rules',
    'Find prior art for patent 88-113',
  ],
  'invoice-clerk': [
    'Match invoice 4471 to its order',
    'Book the invoices of this morning',
    'Find duplicates among open invoices',
  ],
  'sales-writer': ['Write a follow-up to the demo of Tuesday', 'Draft the offer for Northwind'],
  'code-reviewer': ['Review the change to the billing job', 'Look for races in the import worker'],
  'data-analyst': ['Weekly churn by plan', 'Why did sign-ups fall on Sunday?'],
};

/** The same numbers for the same seed, between 0 and 1 (mulberry32). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Throwing {
  roll: () => number;
  between: (from: number, to: number) => number;
  one: <Item>(of: readonly Item[]) => Item;
}

function throwing(seed: number): Throwing {
  const roll = dice(seed);
  return {
    roll,
    between: (from, to) => Math.round(from + roll() * (to - from)),
    one: (of) => of[Math.floor(roll() * of.length)] as (typeof of)[number],
  };
}

const hour_ms = 3_600_000;
const day_ms = 24 * hour_ms;

/** Runs of the days before `until_ms`, most of them in working hours; the last one ends before it. */
export function historyOf(of: { runs: number; days: number; seed: number; until_ms: number }): PastRun[] {
  const chance = throwing(of.seed);
  const from_ms = of.until_ms - of.days * day_ms;
  const runs = troubles.map(({ slug, hour, turn }) =>
    runAt(chance, agentOf(slug), atHour(hour, from_ms, of.until_ms), turn),
  );
  while (runs.length < of.runs) {
    const at_ms = from_ms + Math.floor(chance.roll() * (of.until_ms - from_ms - hour_ms));
    if (chance.roll() > busyness(at_ms, of.until_ms)) continue;
    runs.push(runAt(chance, agentFor(chance.roll()), at_ms));
  }
  return runs.sort((a, b) => ((a.calls[0]?.at ?? '') < (b.calls[0]?.at ?? '') ? -1 : 1));
}

/** What the policies stop in every demo, at an hour of one day: chance alone leaves a short one without any of it. */
const troubles: { slug: Agent['slug']; hour: number; turn: Turn }[] = [
  { slug: 'invoice-clerk', hour: 10.3, turn: { wrong_model: true } },
  { slug: 'research-agent', hour: 11.6, turn: { looping: true } },
  { slug: 'support-bot', hour: 14.2, turn: { long: true } },
];

/** This hour of yesterday; where that is before `from_ms`, an hour earlier today, which then is long past. */
function atHour(hour: number, from_ms: number, until_ms: number): number {
  const today_ms = until_ms - (until_ms % day_ms);
  const yesterday_ms = today_ms - day_ms + hour * hour_ms;
  return yesterday_ms < from_ms ? today_ms + (hour - 1) * hour_ms : yesterday_ms;
}

/**
 * How likely work is at an instant: few nights, short weekends, and the most on the day before the demo is loaded,
 * whatever its name is: what went beyond its limit yesterday is what people look for first.
 */
function busyness(at_ms: number, until_ms: number): number {
  const dayOf = (ms: number) => Math.floor(ms / day_ms);
  const hour = Math.floor(at_ms / hour_ms) % 24;
  const weekday = (dayOf(at_ms) + 4) % 7;
  const by_hour = hour >= 8 && hour < 18 ? 1 : hour >= 6 && hour < 21 ? 0.45 : 0.08;
  if (dayOf(at_ms) === dayOf(until_ms) - 1) return by_hour;
  return by_hour * (weekday === 0 || weekday === 6 ? 0.25 : 0.7);
}

function agentFor(roll: number): Agent {
  let sum = 0;
  for (const agent of cast) {
    sum += agent.share;
    if (roll < sum) return agent;
  }
  return cast[0];
}

const agentOf = (slug: Agent['slug']): Agent => cast.find((one) => one.slug === slug) ?? cast[0];

/** What goes wrong in a run; a long one is a conversation with so much in it that it alone is beyond the cap of a day. */
interface Turn {
  looping?: boolean;
  wrong_model?: boolean;
  failing?: boolean;
  long?: boolean;
}

const turnOf = (chance: Throwing, { slug }: Agent): Turn => ({
  looping: slug === 'research-agent' && chance.roll() < 0.08,
  wrong_model: slug === 'invoice-clerk' && chance.roll() < 0.04,
  failing: chance.roll() < 0.02,
});

function runAt(chance: Throwing, agent: Agent, at_ms: number, turn = turnOf(chance, agent)): PastRun {
  const { looping, wrong_model, failing, long } = turn;
  const count = looping ? 18 : long ? 14 : chance.between(agent.calls[0], agent.calls[1]);
  let clock_ms = at_ms;
  const calls = Array.from({ length: count }, (_, n) => {
    clock_ms += chance.between(400, 9_000);
    const output_tokens = chance.between(120, 900);
    const duration_ms = Math.round(300 + output_tokens * chance.between(6, 14));
    const at = instantText(clock_ms);
    clock_ms += duration_ms;
    const model = wrong_model && n === count - 1 ? 'mock-expensive' : agent.model;
    const input_tokens = looping ? 2_400 : long ? 32_000 : chance.between(agent.tokens[0], agent.tokens[1]);
    return { at, model, input_tokens, output_tokens, duration_ms, fails: failing === true && n === count - 1 };
  });
  return {
    agent: agent.slug,
    actor: chance.one(people),
    session: `${agent.slug}-${chance.between(100, 999)}`,
    goal: chance.one(goals[agent.slug]),
    killed: chance.roll() < 0.01 && !looping && !wrong_model && !long,
    calls,
  };
}

/** Calls of the code reviewer beyond its share: with them it comes near the limit of its large model. */
const reviews_more = 3;

/**
 * Calls of now, for the gateway: what is live in the demo. The last ones go beyond what their policies allow: an
 * invoice on a model that is denied, and an offer that waits for a person.
 */
export function liveCalls(count: number): { headers: Record<string, string>; body: Record<string, unknown> }[] {
  const chance = throwing(count);
  const reviewer = agentOf('code-reviewer');
  const agents = [...Array(count).keys()].map((n) => cast[n % cast.length] ?? cast[0]);
  const last = new Map<string, number>(agents.map(({ slug }, n) => [slug, n]));
  return [...agents, ...Array.from({ length: reviews_more }, () => reviewer)].map((agent, n) => ({
    headers: {
      'x-aos-agent-id': agent.slug,
      'x-aos-actor-id': chance.one(people),
      'x-aos-session-id': `live-${agent.slug}`,
    },
    body: {
      model: agent === reviewer ? 'mock-large' : last.get(agent.slug) === n ? lastModelOf(agent) : 'mock-small',
      max_tokens: 60,
      messages: [{ role: 'user', content: chance.one(goals[agent.slug]) }],
    },
  }));
}

const lastModelOf = ({ slug }: Agent): string =>
  slug === 'invoice-clerk' ? 'mock-expensive' : slug === 'sales-writer' ? 'mock-slow' : 'mock-small';
