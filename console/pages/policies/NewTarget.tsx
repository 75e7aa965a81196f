import { NamesField } from '../../parts/NamesField.tsx';
import { type DraftTarget, kind_words } from '../../parts/policy-draft.ts';
import { RadioField } from '../../parts/RadioField.tsx';
import type { StepProps } from './new-steps.ts';
import { TargetNames } from './TargetNames.tsx';

const hints: Readonly<Record<string, string>> = {
  all_runs: 'Every call of the tenant, now and later.',
  project: 'All that is called with the keys of a project.',
  agent: 'The software that calls, whoever it acts for.',
  api_key: 'One credential; it stays the same over rotations.',
  actor: 'The person on whose behalf agents act.',
};

/** `API key` keeps its capitals. */
const wordOf = (kind: string): string =>
  (kind_words[kind] ?? kind).replace(/^[A-Z](?![A-Z])/, (first) => first.toLowerCase());

/** Whom the policy is about. */
export function NewTarget({ draft, change, errorAt }: StepProps) {
  const { target } = draft;
  const set = (part: Partial<DraftTarget>) => change({ ...draft, target: { ...target, ...part } });
  const when = target.when ?? {};
  const narrow = (key: string) => (names: string[]) => set({ when: { ...when, [key]: names } });
  const narrowed = Object.values(when).some((names) => names.length > 0) || target.except_ids.length > 0;
  const word = wordOf(target.kind);
  return (
    <>
      <RadioField
        label="Whose calls"
        value={target.kind}
        options={Object.entries(kind_words).map(([value, name]) => ({ value, name, hint: hints[value] }))}
        onChoose={(kind) => set({ kind, ids: [] })}
      />
      {target.kind !== 'all_runs' && (
        <TargetNames
          key={target.kind}
          kind={target.kind}
          word={word}
          ids={target.ids}
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
            hint="Any agent, project, key or actor that the policy never applies to."
            names={target.except_ids}
            onChange={(except_ids) => set({ except_ids })}
          />
        </div>
      </details>
    </>
  );
}
