import { mayDo, permissions, roles } from '@aos/core/access/permission.ts';
import { useState } from 'react';
import { type Item, useApi } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { plainWords } from '../../parts/words.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Glyph } from '../../ui/Glyph.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { Section } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time, useNow } from '../../ui/Time.tsx';
import { AgainDialog, DisableDialog, InviteDialog, RoleDialog } from './MemberDialogs.tsx';
import styles from './Members.module.css';
import { TwoPeopleTable } from './TwoPeople.tsx';

type Member = Item<'listMembers'>;
const all = { query: { limit: 200 } };
type Asking = { what: 'role' | 'again' | 'disable'; member: Member };

/** Who may sign in, and what each role may do. */
export function Members() {
  const may = useMay('administer');
  const members = useApi('listMembers', all);
  const [inviting, setInviting] = useState(false);
  const [asking, setAsking] = useState<Asking | null>(null);
  const close = () => setAsking(null);
  return (
    <SettingsPage
      title="Members & roles"
      act={{ verb: 'Invite', denied: 'Your role may not invite people', onChoose: () => setInviting(true) }}
      elsewhere={<ElsewhereMenu what="list of members" of="listMembers" input={all} command={null} />}
    >
      {members.isPending && <Loading what="members" />}
      {members.isError && (
        <Failed what="The members could not be loaded" error={members.error} onRetry={() => void members.refetch()} />
      )}
      {members.data && <MemberTable of={members.data.items} may={may} onAsk={setAsking} />}
      <Section title="What a role may do">
        <RoleTable />
      </Section>
      <Section title="Two people for a policy">
        <TwoPeopleTable />
      </Section>
      {inviting && <InviteDialog onClose={() => setInviting(false)} />}
      {asking?.what === 'role' && <RoleDialog of={asking.member} onClose={close} />}
      {asking?.what === 'again' && <AgainDialog of={asking.member} onClose={close} />}
      {asking?.what === 'disable' && <DisableDialog of={asking.member} onClose={close} />}
    </SettingsPage>
  );
}

interface TableProps {
  of: readonly Member[];
  may: boolean;
  onAsk: (asking: Asking) => void;
}

function MemberTable({ of, may, onAsk }: TableProps) {
  if (of.length === 0)
    return (
      <p className="quiet">
        Nobody was invited yet: people share keys to sign in. Invite them, and the ledger says who did what.
      </p>
    );
  return (
    <div className={styles.frame}>
      <table className={styles.roles}>
        <thead>
          <tr>
            {['State', 'Name', 'E-mail', 'Role', 'Last signed in', 'Invited', ''].map((title) => (
              <th key={title} scope="col">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {of.map((member) => (
            <tr key={member.id}>
              <td>
                <MemberState of={member} />
              </td>
              <td>{member.name}</td>
              <td>{member.email}</td>
              <td>{plainWords(member.role)}</td>
              <td>
                {member.last_signed_in_at ? (
                  <Time at={member.last_signed_in_at} />
                ) : (
                  <span className="faint">never</span>
                )}
              </td>
              <td>
                <Time at={member.created_at} />
              </td>
              <td style={{ textAlign: 'right' }}>
                <Menu
                  items={[
                    {
                      name: 'Change role…',
                      disabled: member.status === 'disabled',
                      onChoose: () => onAsk({ what: 'role', member }),
                    },
                    {
                      name: member.status === 'disabled' ? 'Let in again…' : 'New link…',
                      onChoose: () => onAsk({ what: 'again', member }),
                    },
                    {
                      name: 'Disable…',
                      disabled: member.status === 'disabled',
                      onChoose: () => onAsk({ what: 'disable', member }),
                    },
                  ]}
                >
                  <Button small kind="plain" disabled={!may} aria-label={`What can be done with ${member.email}`}>
                    Change
                  </Button>
                </Menu>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function MemberState({ of }: { of: Member }) {
  const now = useNow();
  if (of.status === 'disabled') return <Status glyph="circle">Disabled</Status>;
  if (of.locked_until && Date.parse(of.locked_until) > now)
    return (
      <Status tone="crit" glyph="square" title="Five wrong passwords in a row">
        Locked
      </Status>
    );
  if (of.status === 'invited')
    return (
      <Status tone="warn" glyph="ring">
        Invited
      </Status>
    );
  return (
    <Status tone="ok" glyph="check">
      Active
    </Status>
  );
}

const what: Record<(typeof permissions)[number], string> = {
  installation: 'other tenants',
  call: 'make calls',
  read_own_runs: 'read runs it began',
  read: 'read what ran',
  read_logs: 'read logs',
  write_policies: 'write policies',
  activate_policies: 'put in force',
  judge: 'judge shadow',
  operate: 'pause, kill, acknowledge',
  approve: 'answer questions',
  administer: 'keys and settings',
};

function RoleTable() {
  return (
    <div className={styles.frame}>
      <table className={styles.roles}>
        <thead>
          <tr>
            <th scope="col">Role</th>
            {permissions.map((permission) => (
              <th key={permission} scope="col">
                {what[permission]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {roles.map((role) => (
            <tr key={role}>
              <th scope="row">{plainWords(role)}</th>
              {permissions.map((permission) => (
                <td key={permission}>
                  {mayDo(role, permission) ? (
                    <span style={{ color: 'var(--ok)' }}>
                      <Glyph name="check" />
                      <span className="only-read">yes</span>
                    </span>
                  ) : (
                    <span className="faint">–</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
