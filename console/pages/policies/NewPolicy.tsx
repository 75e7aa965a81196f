import { useMemo } from 'react';
import { useParams, useSearch } from 'wouter';
import { useApi } from '../../api.ts';
import { type Draft, draftOf } from '../../parts/policy-draft.ts';
import { blank, templates } from '../../parts/policy-templates.ts';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading, Notice } from '../../ui/States.tsx';
import { NewForm } from './NewForm.tsx';

/** A policy is made, in six steps, with what it would have done beside it. `?template=` names where it starts. */
export function NewPolicy() {
  const search = new URLSearchParams(useSearch());
  const [template, agent, copied] = ['template', 'agent', 'from'].map((name) => search.get(name)) as (string | null)[];
  const start = useMemo(() => startOf(template ?? null, agent ?? null), [template, agent]);
  if (copied) return <CopyOf id={copied} />;
  const place = ['new', template, agent].filter(Boolean).join(' ');
  return <NewForm key={place} place={place} title="New policy" start={start} edited={null} />;
}

/** A template, perhaps for one agent. */
function startOf(template: string | null, agent: string | null): Draft {
  const draft = (template === null ? undefined : templates[template]?.draft) ?? blank;
  return agent === null ? draft : { ...draft, target: { ...draft.target, kind: 'agent', ids: [agent] } };
}

/** A new policy that says what another one says. */
function CopyOf({ id }: { id: string }) {
  const policy = useApi('getPolicy', { params: { id } }, { staleTime: Number.POSITIVE_INFINITY });
  if (!policy.data)
    return (
      <Page title="New policy">
        {policy.isPending && <Loading what="the policy" />}
        {policy.isError && (
          <Failed what="The policy could not be loaded" error={policy.error} onRetry={() => void policy.refetch()} />
        )}
      </Page>
    );
  const draft = draftOf(policy.data as unknown as Draft);
  const controls = draft.controls.map(({ id: _, ...control }) => control);
  const start = { ...draft, name: `${draft.name} (copy)`, controls };
  return <NewForm place={`copy ${id}`} title="New policy" start={start} edited={null} />;
}

/** The same for a policy that is stored; what the steps do not show is kept as it was written. */
export function EditPolicy() {
  const { id = '' } = useParams();
  const policy = useApi('getPolicy', { params: { id } }, { staleTime: Number.POSITIVE_INFINITY });
  if (policy.isPending)
    return (
      <Page title="Edit policy">
        <Loading what="the policy" />
      </Page>
    );
  // What was read stays: a form that somebody writes in is not taken away because it could not be read again.
  if (!policy.data)
    return (
      <Page title="Edit policy">
        <Failed what="The policy could not be loaded" error={policy.error} onRetry={() => void policy.refetch()} />
      </Page>
    );
  const { data } = policy;
  if (data.status === 'retired')
    return (
      <Page title="Edit policy">
        <Notice>A retired policy is final. Make a new one.</Notice>
      </Page>
    );
  const start = draftOf(data as unknown as Draft);
  return <NewForm key={id} place={id} title={`Edit ${data.name}`} start={start} edited={data} />;
}
