import { useState } from 'react';
import { type Answer, type Item, useAct } from '../../api.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { SecretDialog } from '../../parts/SecretDialog.tsx';
import { SelectField, TextField } from '../../ui/Field.tsx';
import { useToast } from '../../ui/Toast.tsx';

type Member = Item<'listMembers'>;
interface Props {
  of: Member;
  onClose: () => void;
}

const roles = [
  { value: 'viewer', name: 'Viewer: reads what ran' },
  { value: 'auditor', name: 'Auditor: reads, logs too' },
  { value: 'operator', name: 'Operator: pauses, kills, acknowledges' },
  { value: 'approver', name: 'Approver: answers and activates' },
  { value: 'policy_author', name: 'Policy author: writes policies' },
  { value: 'admin', name: 'Admin: all but other tenants' },
  { value: 'owner', name: 'Owner: everything' },
];

/** The link, this once. */
function LinkDialog({ of, onClose }: { of: Answer<'inviteMember'>; onClose: () => void }) {
  return (
    <SecretDialog
      title={`The link for ${of.email}`}
      about="Give it only to them: whoever opens it chooses the password. It works once, for 7 days."
      secret={of.invite_url}
      onClose={onClose}
    />
  );
}

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const invite = useAct('inviteMember');
  const [made, setMade] = useState<Answer<'inviteMember'> | null>(null);
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState('viewer');
  if (made) return <LinkDialog of={made} onClose={onClose} />;
  const body = { email: email.trim(), role: role as 'viewer', ...(name.trim() !== '' && { name: name.trim() }) };
  return (
    <FormDialog
      title="Invite somebody"
      about="They choose a password with a link that you give them. No e-mail is sent."
      verb="Make the link"
      busy={invite.isPending}
      error={invite.error}
      onSubmit={() => invite.mutate({ body }, { onSuccess: setMade })}
      onClose={onClose}
    >
      <TextField
        label="E-mail"
        type="email"
        autoFocus
        value={email}
        onChange={(event) => setEmail(event.target.value)}
      />
      <TextField label="Name" value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
      <SelectField label="Role" value={role} choices={roles} onChoose={setRole} />
    </FormDialog>
  );
}

export function RoleDialog({ of, onClose }: Props) {
  const change = useAct('changeMember');
  const toast = useToast();
  const [role, setRole] = useState<string>(of.role);
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`The role of ${of.name}`}
      about="It applies from their next request."
      verb="Change the role"
      busy={change.isPending}
      error={change.error}
      onReason={(reason) =>
        change.mutate(
          { params: { id: of.id }, body: { role: role as 'viewer', reason } },
          {
            onSuccess: () => {
              toast(`${of.name} has another role`);
              onClose();
            },
          },
        )
      }
    >
      <SelectField label="Role" value={role} choices={roles} onChoose={setRole} />
    </ReasonDialog>
  );
}

/** A new link: also what lets somebody in again who was disabled. */
export function AgainDialog({ of, onClose }: Props) {
  const again = useAct('inviteAgain');
  const enable = useAct('enableMember');
  const [made, setMade] = useState<Answer<'inviteMember'> | null>(null);
  if (made) return <LinkDialog of={made} onClose={onClose} />;
  const act = of.status === 'disabled' ? enable : again;
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={of.status === 'disabled' ? `Let ${of.name} in again?` : `A new link for ${of.name}?`}
      about="They use it to choose a password. Older links stop working. Their current password works until they choose a new one."
      verb="Make the link"
      busy={act.isPending}
      error={act.error}
      onReason={(reason) => act.mutate({ params: { id: of.id }, body: { reason } }, { onSuccess: setMade })}
    />
  );
}

export function DisableDialog({ of, onClose }: Props) {
  const disable = useAct('disableMember');
  const toast = useToast();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Disable ${of.name}?`}
      about="Their sessions end at once and they can no longer sign in. What they did stays in the ledger. A new link lets them in again."
      verb="Disable"
      danger
      busy={disable.isPending}
      error={disable.error}
      onReason={(reason) =>
        disable.mutate(
          { params: { id: of.id }, body: { reason } },
          {
            onSuccess: () => {
              toast(`${of.name} is let in no more`);
              onClose();
            },
          },
        )
      }
    />
  );
}
