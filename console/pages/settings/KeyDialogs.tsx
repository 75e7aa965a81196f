import type { Total } from '@aos/core/base/total.ts';
import { useState } from 'react';
import { type Answer, useAct, useApi } from '../../api.ts';
import { underWay } from '../../parts/ContainDialog.tsx';
import { NamesField } from '../../parts/NamesField.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { SecretDialog } from '../../parts/SecretDialog.tsx';
import { useSession } from '../../parts/session.ts';
import { SelectField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';
import type { Key, KeyNames } from './key-facts.ts';

const overlaps = [
  { value: '0', name: 'Ends at once' },
  { value: '3600', name: 'Works for one more hour' },
  { value: '86400', name: 'Works for one more day' },
  { value: '604800', name: 'Works for one more week' },
];

/** A new secret; policies and counters stay with the key. */
export function RotateDialog({ of, onClose }: { of: Key; onClose: () => void }) {
  const rotate = useAct('rotateApiKey');
  const [overlap, setOverlap] = useState('86400');
  const [made, setMade] = useState<Answer<'rotateApiKey'> | null>(null);
  if (made)
    return (
      <SecretDialog
        title={`The new key of ${made.name}`}
        about="This is the only time it is shown."
        secret={made.secret}
        onClose={onClose}
      />
    );
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Rotate ${of.name}`}
      about="A new secret for the same key: what it is bound to, its policies and its counters stay."
      verb="Rotate"
      busy={rotate.isPending}
      error={rotate.error}
      onReason={(reason) =>
        rotate.mutate(
          { params: { id: of.id }, body: { reason, overlap_seconds: Number(overlap) } },
          { onSuccess: setMade },
        )
      }
    >
      <SelectField label="The old secret" value={overlap} choices={overlaps} onChoose={setOverlap} />
    </ReasonDialog>
  );
}

interface RevokeProps {
  of: Key;
  /** Undefined: not known, null: more than were counted. */
  running: Total | undefined;
  onClose: () => void;
}

export function RevokeDialog({ of, running, onClose }: RevokeProps) {
  const is_own = useSession().api_key.id === of.id;
  const revoke = useAct('revokeApiKey');
  const toast = useToast();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Revoke ${of.name} for good?`}
      about={
        <>
          <p>{underWay(running)} with it: what they wait for ends within a second, and their next call is refused.</p>
          <ul style={{ listStyle: 'disc', paddingLeft: 18, marginTop: 6 }}>
            <li>Every further call with it is refused with 401, on every process.</li>
            <li>
              {is_own ? (
                <>
                  <strong>It is the key you are signed in with</strong>: you are signed out at once, and need another
                  key to come back.
                </>
              ) : (
                'Browsers that signed in with it are signed out.'
              )}
            </li>
            <li>It cannot be undone. To stop it for a time, contain it instead.</li>
          </ul>
        </>
      }
      verb="Revoke for good"
      danger
      busy={revoke.isPending}
      error={revoke.error}
      onReason={(reason) =>
        revoke.mutate(
          { params: { id: of.id }, body: { reason } },
          {
            onSuccess: () => {
              toast(`${of.name} is revoked`);
              onClose();
            },
          },
        )
      }
    />
  );
}

/** Which agents and humans the key may speak for. */
export function BindDialog({ of, names, onClose }: { of: Key; names: KeyNames; onClose: () => void }) {
  const bind = useAct('bindApiKey');
  const toast = useToast();
  const agents = useApi('listAgents', { query: { limit: 200 } });
  const actors = useApi('listActors', { query: { limit: 200 } });
  const [agent_ids, setAgents] = useState<readonly string[]>(of.agent_ids.map(names.agent));
  const [actor_ids, setActors] = useState<readonly string[]>(of.actor_ids.map(names.actor));
  const suggestions = (items: readonly { slug: string }[] | undefined) =>
    (items ?? []).map(({ slug }) => ({ value: slug, name: slug }));
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Whom ${of.name} may speak for`}
      about="A call in the name of anybody else is refused. Empty: anybody, and what its caller says is only a claim."
      verb="Bind"
      busy={bind.isPending}
      error={bind.error}
      onReason={(reason) =>
        bind.mutate(
          { params: { id: of.id }, body: { agent_ids: [...agent_ids], actor_ids: [...actor_ids], reason } },
          {
            onSuccess: () => {
              toast(`${of.name} is bound`);
              onClose();
            },
          },
        )
      }
    >
      <NamesField label="Agents" names={agent_ids} suggestions={suggestions(agents.data?.items)} onChange={setAgents} />
      <NamesField label="Humans" names={actor_ids} suggestions={suggestions(actors.data?.items)} onChange={setActors} />
    </ReasonDialog>
  );
}
