import { type Answer, useAct, useApi } from '../api.ts';
import { useToast } from '../ui/Toast.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';

type Kind = 'agent' | 'api_key' | 'actor' | 'tenant';

interface Subject {
  kind: Kind;
  id: string;
  name: string;
}

const words: Record<Kind, string> = {
  agent: 'agent',
  api_key: 'key',
  actor: 'human',
  tenant: 'tenant',
};

/** Stops everything that one agent, key or human does, and says first what that is. */
export function ContainDialog({ subject, onClose }: { subject: Subject; onClose: () => void }) {
  const contain = useAct('contain');
  const toast = useToast();
  const { kind, id, name } = subject;
  const live = useApi('listLiveRuns', {
    query: { limit: 1, is_synthetic: 'all', ...(kind !== 'tenant' && { [kind]: id }) },
  });
  const running = live.data?.total ?? 0;
  const done = (receipt: Answer<'contain'>) => {
    toast(`${name} is contained. ${receipt.message}`);
    onClose();
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Contain ${words[kind]} ${name}?`}
      verb="Contain now"
      danger
      busy={contain.isPending}
      error={contain.error}
      about={
        <>
          <p>
            {live.isPending ? 'Looking what runs …' : `${running} ${running === 1 ? 'run is' : 'runs are'} under way.`}
          </p>
          <ul style={{ listStyle: 'disc', paddingLeft: 18, marginTop: 6 }}>
            <li>Its calls in flight are cut on every process; the provider may still bill them.</li>
            <li>Every further call is refused with 403 until it is released here.</li>
            <li>Its policies and counters stay as they are.</li>
          </ul>
        </>
      }
      onReason={(reason) => contain.mutate({ body: { kind, id, reason } }, { onSuccess: done })}
    />
  );
}

export type Containment = Answer<'listContainments'>['items'][number];

export function ReleaseDialog({ stop, onClose }: { stop: Containment; onClose: () => void }) {
  const release = useAct('release');
  const toast = useToast();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Release ${stop.name}?`}
      about={`Contained because: ${stop.reason}. Its calls pass again from the next one on; runs that were cut do not come back.`}
      verb="Release"
      busy={release.isPending}
      error={release.error}
      onReason={(reason) =>
        release.mutate(
          { params: { id: stop.id }, body: { reason } },
          {
            onSuccess: () => {
              toast(`${stop.name} is released`);
              onClose();
            },
          },
        )
      }
    />
  );
}

/** What is contained now, by the id of the agent, actor or lineage of the key. */
export function useContained(): ReadonlyMap<string, Containment> {
  const list = useApi('listContainments', { query: { in_force: true, limit: 200 } });
  return new Map((list.data?.items ?? []).map((stop) => [stop.subject_id, stop]));
}
