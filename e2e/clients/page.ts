import type { Driver } from './drivers.ts';

export const situation_names = ['spent', 'not_allowed', 'rate', 'paused', 'mid_stream'] as const;

/** What a client throws that is no Error. */
export const no_error = 'no Error';

/** What a client did with a refusal: the class of the error its user catches, and how often it asked. */
export interface Cell {
  /** Null: its user sees nothing, and the answer goes on. */
  error: string | null;
  attempts: number;
}

const titles: Record<(typeof situation_names)[number], string> = {
  spent: 'Money, tokens or requests are spent: 402, `x-should-retry: false`',
  not_allowed: 'Not allowed: 403, `x-should-retry: false`',
  rate: 'Too many a minute: 429 with `Retry-After` of at most 60 seconds',
  paused: 'Waits for a person: 429 `run_paused` with `Retry-After: 30`',
  mid_stream: 'A limit ends while an answer streams: an error event of the wire',
};

/** The page as it has to stand in the reference. */
export function page(drivers: readonly Driver[], cells: ReadonlyMap<string, readonly Cell[]>): string {
  const row = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`;
  const table = [
    row(['What happens', ...drivers.map(({ title }) => title)]),
    row(['---', ...drivers.map(() => '---')]),
    ...situation_names.map((name) => row([titles[name], ...(cells.get(name) ?? []).map(shown)])),
  ];
  const setups = drivers.map(({ title, how }) => `- ${title}: ${how}`);
  return `${[...head, ...setups, '', ...table, '', ...foot].join('\n')}\n`;
}

function shown({ error, attempts }: Cell): string {
  if (error === null) return 'nothing: the answer goes on to its end';
  const kind =
    error === no_error ? 'the error of the wire, as a plain object' : `\`${error.replace(' of ', '` of `')}\``;
  if (attempts === 0) return `${kind}; nothing is sent`;
  return `${kind}; ${attempts > 1 ? `asked ${attempts} times` : 'asked once'}`;
}

const head = [
  '# What clients make of a refusal',
  '',
  'Made by `e2e/clients/clients.test.ts`, which drives each client against a real server; `npm test -- e2e/clients -u`',
  'writes it anew. Every client may retry once. Each of them shows the whole message of the server: the name and the id of',
  'the policy, the amounts, when the limit resets, and the page about it.',
  '',
];

const foot = [
  'How long a client waits before it asks again is its own affair; `Retry-After` says when it helps. A call that goes to its',
  'provider directly is decided before it begins and by nothing afterwards: it is neither metered nor stopped, so its own use',
  'counts in no limit. Where limits must hold, send calls through the gateway.',
];
