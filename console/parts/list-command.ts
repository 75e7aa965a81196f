import type { endpoints } from '@aos/sdk/endpoints.generated.ts';

type Name = keyof typeof endpoints;

interface Listing {
  command: string;
  /** The option of each filter that the command has too. */
  options: Readonly<Record<string, string>>;
}

const of_asker = { agent: '--agent', project: '--project' };

/** The commands that list what a list of the console does. */
export const list_commands: Readonly<Partial<Record<Name, Listing>>> = {
  listLiveRuns: { command: 'runs list --live', options: { ...of_asker, status: '--status' } },
  listCompletedRuns: { command: 'runs list --completed', options: { ...of_asker, status: '--status' } },
  listIncidents: {
    command: 'incidents list',
    options: { ...of_asker, status: '--status', severity: '--severity', category: '--category' },
  },
  listSignals: { command: 'signals list', options: { ...of_asker, status: '--status', type: '--type' } },
  listPolicies: { command: 'policy list', options: { status: '--status' } },
  listAgents: { command: 'agents list', options: { project: '--project' } },
  listApiKeys: { command: 'keys list', options: { project: '--project' } },
  listChannels: { command: 'channels list', options: {} },
  listProviders: { command: 'providers list', options: {} },
  listPrices: { command: 'providers prices', options: { model: '--model', provider: '--provider' } },
  listLedgerEntries: { command: 'logs audit', options: { event: '--event', run: '--run' } },
  listLlmRunRecords: { command: 'logs llm-runs', options: { run: '--run' } },
  listSystemRecords: { command: 'logs system', options: {} },
};

/** Options that take one value only. */
const single = new Set(['--project']);
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
    if (option === undefined || /^-|,/.test(value) || (single.has(option) && seen.has(option))) return null;
    seen.add(option);
    words.push(option, quoted(value));
  }
  return words.join(' ');
}

/** A word of a command as a shell takes it for one. */
export const quoted = (text: string): string =>
  /^[\w.:@/+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
