import type { endpoints } from '@aos/sdk/endpoints.generated.ts';

type Name = keyof typeof endpoints;

interface Listing {
  command: string;
  /** The option of each filter that the command has too. */
  options: Readonly<Record<string, string>>;
}

const of_asker = { agent: '--agent', project: '--project' };
const of_time = { from: '--from', to: '--to' };
const of_runs = {
  ...of_asker,
  ...{ q: '--search', actor: '--actor', api_key: '--key', session: '--session', model: '--model' },
  ...{ provider: '--provider', source: '--source', status: '--status', hold: '--hold', reason: '--reason' },
  ...{ policy: '--policy', risk: '--risk', cost: '--cost', elapsed: '--elapsed' },
  ...of_time,
};

/** The commands that list what a list of the console does. */
export const list_commands: Readonly<Partial<Record<Name, Listing>>> = {
  listLiveRuns: { command: 'runs list --live', options: of_runs },
  listCompletedRuns: { command: 'runs list --completed', options: of_runs },
  listIncidents: {
    command: 'incidents list',
    options: { ...of_asker, status: '--status', severity: '--severity', category: '--category' },
  },
  listSignals: { command: 'signals list', options: { ...of_asker, status: '--status', type: '--type' } },
  listAlerts: { command: 'alerts list', options: { status: '--status' } },
  listPolicies: {
    command: 'policy list',
    options: {
      status: '--status',
      action: '--action',
      control: '--control',
      owner: '--owner',
      unfired_days: '--unfired',
      overshadowed_days: '--overshadowed',
    },
  },
  listAgents: { command: 'agents list', options: { q: '--search', project: '--project' } },
  listApiKeys: {
    command: 'keys list',
    options: { q: '--search', state: '--state', role: '--role', project: '--project' },
  },
  listChannels: { command: 'channels list', options: {} },
  listProviders: { command: 'providers list', options: {} },
  listPrices: { command: 'providers prices', options: { model: '--model', provider: '--provider' } },
  listLedgerEntries: {
    command: 'logs audit',
    options: {
      ...{ q: '--search', event: '--event', object: '--object', policy: '--policy', run: '--run' },
      ...{ actor: '--actor', actor_type: '--actor-type', agent: '--agent', api_key: '--key' },
      ...of_time,
    },
  },
  listLlmRunRecords: {
    command: 'logs llm-runs',
    options: {
      ...of_asker,
      ...{ actor: '--actor', api_key: '--key', session: '--session', model: '--model', provider: '--provider' },
      ...{ status: '--status', source: '--source', run: '--run', hash: '--hash' },
      ...of_time,
    },
  },
  listSystemRecords: {
    command: 'logs system',
    options: {
      ...{ q: '--search', severity: '--severity', component: '--component', event: '--event', include: '--include' },
      ...of_time,
    },
  },
};

/** Options that take one value only. */
const single = new Set([
  '--project',
  '--search',
  '--from',
  '--to',
  '--unfired',
  '--overshadowed',
  '--hash',
  '--include',
]);
/** Those that take it as it is. */
const whole = new Set(['--search']);
const synthetic = '--synthetic';
/** How the rows are put together, not which there are. */
const unsaid = new Set(['group', 'limit', 'cursor']);

/** The command that lists exactly what is asked for at this path; null: there is none, or it cannot be narrowed so. */
export function listCommand(of: Name, path: string): string | null {
  const listing = list_commands[of];
  if (!listing) return null;
  const words = ['npx aos', listing.command];
  const seen = new Set<string>();
  for (const [name, value] of new URLSearchParams(path.split('?')[1] ?? '')) {
    if (unsaid.has(name)) continue;
    if (name === 'is_synthetic' && value === 'all') {
      words.push(synthetic);
      continue;
    }
    const option = listing.options[name];
    // A comma parts values, and what begins with a dash is taken for an option.
    if (option === undefined || (single.has(option) && seen.has(option))) return null;
    if (value.startsWith('-') || (value.includes(',') && !whole.has(option))) return null;
    seen.add(option);
    words.push(option, quoted(value));
  }
  return words.join(' ');
}

/** A word of a command as a shell takes it for one. */
export const quoted = (text: string): string =>
  /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
