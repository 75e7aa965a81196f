import { useApi } from '../../api.ts';
import { NamesField, type Suggestion } from '../../parts/NamesField.tsx';
import { type DraftTarget, kind_words } from '../../parts/policy-draft.ts';
import { RadioField } from '../../parts/RadioField.tsx';
import type { StepProps } from './new-steps.ts';

const hints: Readonly<Record<string, string>> = {
  all_runs: 'Every call of the tenant, now and later.',
  project: 'All that is called with the keys of a project.',
  agent: 'The software that calls, whoever it acts for.',
  api_key: 'One credential; it stays the same over rotations.',
  actor: 'The person on whose behalf agents act.',
};

/** Whom the policy is about. */
export function NewTarget({ draft, change, errorAt }: StepProps) {
  const { target } = draft;
  const set = (part: Partial<DraftTarget>) => change({ ...draft, target: { ...target, ...part } });
  const suggestions = useKnown(target.kind);
  const when = target.when ?? {};
  const narrow = (key: string) => (names: string[]) => set({ when: { ...when, [key]: names } });
  const narrowed = Object.values(when).some((names) => names.length > 0) || target.except_ids.length > 0;
  const word = (kind_words[target.kind] ?? target.kind).toLowerCase();
  return (
    <>
      <RadioField
        label="Whose calls"
        value={target.kind}
        options={Object.entries(kind_words).map(([value, name]) => ({ value, name, hint: hints[value] }))}
        onChoose={(kind) => set({ kind, ids: [] })}
      />
      {target.kind !== 'all_runs' && (
        <NamesField
          key={target.kind}
          label={`Which ${word}${target.kind === 'api_key' ? 's' : 's, by name or id'}`}
          hint="Enter adds one. One that has not been seen yet may be named: it is watched from its first call."
          names={target.ids}
          suggestions={suggestions}
          error={errorAt('target.ids')}
          onChange={(ids) => set({ ids })}
        />
      )}
      <details open={narrowed}>
        <summary>Only some of their calls, or all but some</summary>
        <div>
          <NamesField
            label="Only to models"
            hint="gpt-4o, openai/gpt-4o, or the beginning of names: gpt-4*"
            names={when.model ?? []}
            error={errorAt('target.when.model')}
            onChange={narrow('model')}
          />
          <NamesField label="Only at providers" names={when.provider ?? []} onChange={narrow('provider')} />
          <NamesField label="Only with tools" names={when.tool ?? []} onChange={narrow('tool')} />
          <NamesField
            label="Only with tags"
            hint="team=search, or team for any value"
            names={when.tag ?? []}
            onChange={narrow('tag')}
          />
          <NamesField
            label="Except"
            hint="Any agent, project, key or actor that the policy leaves alone, for good."
            names={target.except_ids}
            onChange={(except_ids) => set({ except_ids })}
          />
        </div>
      </details>
    </>
  );
}

/** What is known of a kind, to choose from; policies follow a key by the first of its chain of rotations. */
function useKnown(kind: string): Suggestion[] {
  const ask = (of: string) => ({ enabled: kind === of, staleTime: 60_000 });
  const query = { limit: 200 };
  const agents = useApi('listAgents', { query }, ask('agent'));
  const projects = useApi('listProjects', { query }, ask('project'));
  const actors = useApi('listActors', { query }, ask('actor'));
  const keys = useApi('listApiKeys', { query }, ask('api_key'));
  if (kind === 'api_key')
    return (keys.data?.items ?? [])
      .filter(({ revoked_at }) => revoked_at === null)
      .map(({ lineage_id, name, hint }) => ({ value: lineage_id, name: `${name} (${hint})` }));
  const of = { agent: agents.data, project: projects.data, actor: actors.data }[kind];
  return (of?.items ?? []).map(({ slug, name }) => ({ value: slug, name: name || slug }));
}
