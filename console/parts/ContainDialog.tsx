import { type Total, totalText } from '@aos/core/base/total.ts';
import { type Answer, useAct, useApi } from '../api.ts';
import { useToast } from '../ui/Toast.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';
import { useSession } from './session.ts';

type Kind = 'agent' | 'api_key' | 'actor' | 'tenant';

interface Subject {
  kind: Kind;
  id: string;
  name: string;
}

/** What people call what is contained. */
export const kind_words: Record<Containment['kind'], string> = {
  run: 'run',
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
  const own = useOwnKey(kind, id);
  const live = useApi('listLiveRuns', {
    query: { limit: 1, is_synthetic: 'all', ...(kind !== 'tenant' && { [kind]: id }) },
    everywhere: true,
  });
  const done = (receipt: Answer<'contain'>) => {
    toast(`${name} is contained. ${receipt.message}`);
    onClose();
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Contain ${kind_words[kind]} ${name}?`}
      verb="Contain now"
      danger
      busy={contain.isPending}
      error={contain.error}
      about={
        <>
          <p>{live.isPending ? 'Looking what runs …' : `${underWay(live.data)}, and will be stopped.`}</p>
          <ul style={{ listStyle: 'disc', paddingLeft: 18, marginTop: 6 }}>
            <li>Its calls in flight are cut on every process; the provider may still bill them.</li>
            <li>Every further call is refused with 403 until it is released here.</li>
            <li>Its policies and counters stay as they are.</li>
            {own === 'itself' && (
              <li>
                <strong>It is the key you are signed in with</strong>: what you call with it is refused too. The console
                stays open.
              </li>
            )}
            {own === 'speaks for it' && (
              <li>
                <strong>The key you are signed in with speaks for it</strong>: what you call with it in this name is
                refused too.
              </li>
            )}
          </ul>
        </>
      }
      onReason={(reason) => contain.mutate({ body: { kind, id, reason } }, { onSuccess: done })}
    />
  );
}

/** How many runs something stops; undefined: that is not known. */
export function underWay(running: Total | undefined): string {
  if (running === undefined) return 'How many runs are under way is not known';
  return `${totalText(running)} ${running.total === 1 ? 'run is' : 'runs are'} under way`;
}

/** Whether something is the key that the reader is signed in with, or an agent or person that key is bound to. */
function useOwnKey(kind: Kind, id: string): 'itself' | 'speaks for it' | null {
  const own = useSession().api_key.id;
  const { data } = useApi('getApiKey', { params: { id: own } }, { staleTime: 60_000 });
  if (kind === 'tenant' || own === id) return 'itself';
  return [...(data?.agent_ids ?? []), ...(data?.actor_ids ?? [])].includes(id) ? 'speaks for it' : null;
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
