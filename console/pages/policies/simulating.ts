import { quoted } from '../../parts/list-command.ts';
import type { DraftTarget } from '../../parts/policy-draft.ts';

/** The command that plays a run which a target is about, without a call of a model. */
export function simulating({ kind, ids, when }: DraftTarget): string {
  const [id] = ids;
  const named = (wanted: string) => (kind === wanted ? id : undefined);
  const options = {
    agent: named('agent') ?? 'my-agent',
    actor: named('actor'),
    project: named('project'),
    model: when?.model?.[0],
  };
  const words = Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : `--${name}=${quoted(value)}`,
  );
  return ['npx aos simulate', ...words, "'What it is to do'"].join(' ');
}
