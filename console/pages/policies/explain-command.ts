import { quoted } from '../../parts/list-command.ts';

interface Asked {
  model?: string;
  agent?: string;
  actor?: string;
  project?: string;
  api_key?: string;
  tools?: readonly string[];
  tags?: Readonly<Record<string, string>>;
  estimate: { input_tokens: number; max_output_tokens: number };
}

/** The command that explains the same call; null: a command asks with its own key, and this is about another. */
export function explainCommand({ api_key, estimate, tools = [], tags = {}, ...names }: Asked): string | null {
  if (api_key !== undefined) return null;
  const options = [
    ...Object.entries(names),
    ...tools.map((tool) => ['tool', tool] as const),
    ...Object.entries(tags).map(([name, value]) => ['tag', `${name}=${value}`] as const),
    ['input-tokens', estimate.input_tokens] as const,
    ['output-tokens', estimate.max_output_tokens] as const,
  ];
  const words = options.map(([name, value]) => `--${name}=${quoted(String(value))}`);
  return ['npx aos policy explain', ...words].join(' ');
}
