import { quoted } from '../../parts/list-command.ts';

interface Asked {
  model?: string;
  agent?: string;
  actor?: string;
  project?: string;
  api_key?: string;
  estimate: { input_tokens: number; max_output_tokens: number };
}

/** The command that explains the same call; null: a command asks with its own key, and this is about another. */
export function explainCommand({ api_key, estimate, ...names }: Asked): string | null {
  if (api_key !== undefined) return null;
  const options = { ...names, 'input-tokens': estimate.input_tokens, 'output-tokens': estimate.max_output_tokens };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${quoted(String(value))}`);
  return ['npx aos policy explain', ...words].join(' ');
}
