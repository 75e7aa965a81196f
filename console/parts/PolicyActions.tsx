import { type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { type Answer, useAct } from '../api.ts';
import { Button } from '../ui/Button.tsx';
import { Menu } from '../ui/Menu.tsx';
import { useToast } from '../ui/Toast.tsx';
import { ExemptDialog } from './ExemptDialog.tsx';
import { ReasonDialog } from './ReasonDialog.tsx';
import { ShadowDoubts } from './ShadowDoubts.tsx';
import { useMay } from './session.ts';

type Policy = Pick<
  Answer<'getPolicy'>,
  'id' | 'name' | 'status' | 'mode' | 'version' | 'sentence' | 'managed_by' | 'second_person'
>;
type Kind = 'shadow' | 'enforce' | 'disable' | 'retire';

interface Words {
  button: string;
  title: string;
  about: ReactNode;
  verb: string;
  done: string;
}

const words: Readonly<Record<Kind, Words>> = {
  shadow: {
    button: 'Start in shadow…',
    title: 'Start this policy in shadow?',
    about: 'It decides on live calls and stops nothing: what it would do is recorded.',
    verb: 'Start in shadow',
    done: 'In shadow: nothing is stopped',
  },
  enforce: {
    button: 'Enforce…',
    title: 'Put this policy in force?',
    about: 'From the next call on, on every process: no call is admitted without it.',
    verb: 'Put in force',
    done: 'In force',
  },
  disable: {
    button: 'Disable…',
    title: 'Take this policy out of force?',
    about: 'Calls are no longer looked at by it. It can be activated again.',
    verb: 'Disable',
    done: 'Out of force',
  },
  retire: {
    button: 'Retire…',
    title: 'Retire this policy for good?',
    about: 'It goes out of force and can never come back. What it decided stays in the ledger.',
    verb: 'Retire for good',
    done: 'Retired',
  },
};

/** What may follow on what a policy is now. */
function kindsFor({ status, mode }: Policy): Kind[] {
  if (status === 'retired') return [];
  if (status === 'active') return [mode === 'shadow' ? 'enforce' : 'shadow', 'disable', 'retire'];
  return ['shadow', 'enforce', 'retire'];
}

/** Editing a policy, and moving it in and out of force, each with its effect said first and a reason for the ledger. */
export function PolicyActions({ policy }: { policy: Policy }) {
  const may_write = useMay('write_policies');
  const may_activate = useMay('activate_policies');
  const [, navigate] = useLocation();
  const [asking, setAsking] = useState<Kind | 'exempt' | null>(null);
  const is_own = policy.second_person?.is_you === true;
  const refused = may_activate ? undefined : 'Your key may not activate policies';
  return (
    <>
      {policy.status !== 'retired' && (
        <Button disabled={!may_write} onClick={() => navigate(`/policies/${policy.id}/edit`)}>
          {policy.managed_by ? 'Edit anyway' : 'Edit'}
        </Button>
      )}
      {kindsFor(policy)
        .filter((kind) => kind !== 'retire')
        .map((kind) => (
          <Button
            key={kind}
            kind={kind === 'enforce' ? 'primary' : 'normal'}
            disabled={!may_activate || (kind === 'enforce' && is_own)}
            title={
              refused ?? (kind === 'enforce' && is_own ? 'You wrote it: somebody else must enforce it' : undefined)
            }
            onClick={() => setAsking(kind)}
          >
            {words[kind].button}
          </Button>
        ))}
      <Menu
        items={[
          { name: 'Duplicate', disabled: !may_write, onChoose: () => navigate(`/policies/new?from=${policy.id}`) },
          { name: 'Exempt somebody…', disabled: !may_activate, onChoose: () => setAsking('exempt') },
          ...(policy.status === 'retired'
            ? []
            : [{ name: 'Retire…', disabled: !may_activate, onChoose: () => setAsking('retire') }]),
        ]}
      >
        <Button>More</Button>
      </Menu>
      {asking === 'exempt' ? (
        <ExemptDialog policy={policy} onClose={() => setAsking(null)} />
      ) : (
        asking && <Ask kind={asking} policy={policy} onClose={() => setAsking(null)} />
      )}
    </>
  );
}

function Ask({ kind, policy, onClose }: { kind: Kind; policy: Policy; onClose: () => void }) {
  const activate = useAct('activatePolicy');
  const disable = useAct('disablePolicy');
  const retire = useAct('retirePolicy');
  const toast = useToast();
  const { title, about, verb, done } = words[kind];
  const params = { id: policy.id };
  // What was read when it was asked: another version is not agreed to unseen.
  const [{ version }] = useState(policy);
  const takeBack = () => {
    const reason = 'Taken back';
    if (policy.status === 'active') activate.mutate({ params, body: { reason, mode: policy.mode } });
    else disable.mutate({ params, body: { reason } });
  };
  const onSuccess = () => {
    toast(done, kind === 'retire' ? {} : { undo: takeBack });
    onClose();
  };
  const run = (reason: string) => {
    if (kind === 'disable') disable.mutate({ params, body: { reason } }, { onSuccess });
    else if (kind === 'retire') retire.mutate({ params, body: { reason } }, { onSuccess });
    else activate.mutate({ params, body: { reason, mode: kind, version } }, { onSuccess });
  };
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={title}
      about={
        <>
          <p>{policy.sentence}</p>
          <p>{about}</p>
          {kind === 'enforce' && policy.status === 'active' && <ShadowDoubts id={policy.id} />}
        </>
      }
      verb={verb}
      danger={kind === 'retire'}
      busy={activate.isPending || disable.isPending || retire.isPending}
      error={activate.error ?? disable.error ?? retire.error}
      onReason={run}
    />
  );
}
