import { useState } from 'react';
import { type Answer, type Item, useAct, useApi } from '../../api.ts';
import { authorWords } from '../../parts/key-names.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { useMay } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { policyState, State } from '../../parts/words.tsx';
import { Button } from '../../ui/Button.tsx';
import { SelectField } from '../../ui/Field.tsx';
import { Columns, Panel, Section } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Instant } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { useUrlWord } from '../../url-state.ts';
import { Changes } from './Changes.tsx';
import styles from './PolicyVersions.module.css';

type Version = Item<'listPolicyVersions'>;
type Policy = Answer<'getPolicy'>;

/** Every version with who made it and why; any two are compared, and an earlier one is brought back as a new one. */
export function PolicyVersions({ of }: { of: Policy }) {
  const versions = useApi('listPolicyVersions', { params: { id: of.id }, query: { limit: 200 } });
  const [to, setTo] = useUrlWord('to', String(of.version));
  const [from, setFrom] = useUrlWord('from', String(Math.max(1, Number(to) - 1)));
  const items = versions.data?.items ?? [];
  const choices = items.map(({ version }) => ({ value: String(version), name: `Version ${version}` }));
  if (versions.isPending) return <Loading what="the versions" />;
  if (!versions.data)
    return (
      <Failed what="The versions could not be loaded" error={versions.error} onRetry={() => void versions.refetch()} />
    );
  return (
    <Columns>
      <Section title={`Versions (${versions.data.total ?? items.length})`}>
        <Trouble what="The versions could not be loaded again" of={[versions]} />
        <ol className={styles.list}>
          {items.map((version) => (
            <li key={version.version}>
              <Row
                of={version}
                by={authorWords(version.author, version.author_name)}
                policy={of}
                onCompare={() => {
                  setTo(String(version.version));
                  setFrom(String(Math.max(1, version.version - 1)));
                }}
              />
            </li>
          ))}
        </ol>
      </Section>
      <Section title="What changed">
        <Panel>
          <div className={styles.pair}>
            <SelectField label="From" value={from} choices={choices} onChoose={setFrom} />
            <SelectField label="To" value={to} choices={choices} onChoose={setTo} />
          </div>
          <Diff id={of.id} from={Number(from)} to={Number(to)} />
        </Panel>
      </Section>
    </Columns>
  );
}

interface RowProps {
  of: Version;
  by: string;
  policy: Policy;
  onCompare: () => void;
}

function Row({ of, by, policy, onCompare }: RowProps) {
  const may = useMay('write_policies');
  const [reverting, setReverting] = useState(false);
  return (
    <div className={styles.version}>
      <strong>v{of.version}</strong>
      <State of="policy" state={policyState(of, Date.now())} bare />
      <span className="quiet">
        <Instant at={of.created_at} /> by {by}
      </span>
      <span style={{ flex: 1 }} />
      <Button small kind="plain" onClick={onCompare}>
        Compare
      </Button>
      {of.version !== policy.version && policy.status !== 'retired' && (
        <Button small kind="plain" disabled={!may} onClick={() => setReverting(true)}>
          Bring back…
        </Button>
      )}
      <p className={styles.reason}>{of.reason ?? <span className="faint">no reason given</span>}</p>
      {reverting && <RevertDialog of={of} policy={policy} onClose={() => setReverting(false)} />}
    </div>
  );
}

/** The document of an earlier version becomes the newest one; whether it is in force stays as it is. */
function RevertDialog({ of, policy, onClose }: { of: Version; policy: Policy; onClose: () => void }) {
  const update = useAct('updatePolicy');
  const toast = useToast();
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={`Bring version ${of.version} back?`}
      about={
        <>
          <p>{of.sentence}</p>
          <p>
            It becomes version {policy.version + 1}
            {policy.status === 'active' && ', in force from the next call on'}. Nothing is lost: version{' '}
            {policy.version} stays in this list.
          </p>
        </>
      }
      verb="Bring it back"
      busy={update.isPending}
      error={update.error}
      onReason={(reason) =>
        update.mutate(
          { params: { id: policy.id }, body: { ...of.document, reason, version: policy.version } },
          {
            onSuccess: (now) => {
              toast(`Version ${of.version} is back as version ${now.version}`);
              onClose();
            },
          },
        )
      }
    />
  );
}

function Diff({ id, from, to }: { id: string; from: number; to: number }) {
  const diff = useApi('diffPolicyVersions', { params: { id }, query: { from, to } }, { staleTime: 60_000 });
  if (diff.isPending) return <Loading what="the difference" rows={3} />;
  if (!diff.data)
    return <Failed what="The difference could not be made" error={diff.error} onRetry={() => void diff.refetch()} />;
  const { changes, sentence_before, sentence_after } = diff.data;
  return (
    <div style={{ display: 'grid', gap: 10 }}>
      <Changes of={changes} />
      {sentence_before !== sentence_after && (
        <>
          <p className={styles.before}>{sentence_before}</p>
          <p className={styles.after}>{sentence_after}</p>
        </>
      )}
    </div>
  );
}
