import { Link, useParams } from 'wouter';
import { useApi } from '../../api.ts';
import { Chips, toId } from '../../parts/Chips.tsx';
import {
  amountsOf,
  type Contribution,
  type Decision as Decided,
  DecisionWords,
  PolicyName,
  scopeOf,
} from '../../parts/DecisionWords.tsx';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { Trouble } from '../../parts/Trouble.tsx';
import { consequenceOf, lookOf, plainWords, State } from '../../parts/words.tsx';
import { stepHref } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { minuteText, shortId } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { Json, KeyValue } from '../../ui/KeyValue.tsx';
import { Page, Panel, Section } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Instant } from '../../ui/Time.tsx';
import styles from './Decision.module.css';

/** Why one call was let through, held or stopped: every control that was asked, and the one that decided. */
export function Decision() {
  const { id = '' } = useParams();
  const decision = useApi('getDecision', { params: { id } });
  const { data } = decision;
  const title = `Decision ${shortId(id)}`;
  if (decision.isPending)
    return (
      <Page title={title}>
        <Loading what="the decision" />
      </Page>
    );
  if (!data)
    return (
      <Page title={title}>
        <Failed
          what="The decision could not be loaded"
          error={decision.error}
          onRetry={() => void decision.refetch()}
        />
      </Page>
    );
  return (
    <Page
      title={title}
      heading={titleOf(data)}
      about={
        <>
          <Id id={id} />
          <State of="verdict" state={data.verdict} />
        </>
      }
      actions={
        <ElsewhereMenu
          what="decision"
          of="getDecision"
          input={{ params: { id } }}
          command={`npx aos policy explain --decision ${id}`}
        />
      }
    >
      <Trouble what="The decision could not be loaded again" of={[decision]} />
      <DecisionWords decision={data} />
      <Chips
        run={runOf(data)}
        incident={toId(data.incident_ids[0], data.verdict === 'continue' ? 'none, it was let pass' : 'none opened')}
        policy={toId(data.policy_id?.startsWith('pol_') ? data.policy_id : null, 'none decided')}
        log={toId(data.record_id, 'no record: no provider was called')}
      />
      <Section title={`Who was asked (${data.contributions.length})`}>
        {data.contributions.length === 0 ? (
          <p className="quiet">No policy applied to this call.</p>
        ) : (
          <Contributions of={data.contributions} />
        )}
      </Section>
      <Section title="The call">
        <Panel>
          <KeyValue
            of={[
              ['Decided', <Instant key="at" at={data.decided_at} />],
              ['Agent', data.agent_slug],
              ['Actor', data.actor_slug],
              ['Project', data.project_slug],
              ['Code', data.code],
              ['Policy snapshot', <Id key="snapshot" id={data.policy_snapshot_id} />],
              ['Stored', data.derived ? 'derived from the record of its call: a plain allow' : 'as it was made'],
            ]}
          />
        </Panel>
      </Section>
      <Json value={data} label="The decision" />
    </Page>
  );
}

/** What was decided and, where a policy decided it, by which. */
function titleOf({ verdict, policy_id, contributions }: Decided): string {
  const deciding = contributions.find((of) => of.policy_id === policy_id);
  return `${lookOf('verdict', verdict).word}${deciding ? ` by ${deciding.policy_name}` : ''}`;
}

function runOf({ run_id, step_id }: Decided) {
  if (run_id === null) return 'none';
  return { href: step_id ? stepHref(run_id, step_id) : `/runs/${run_id}`, text: <code>{shortId(run_id)}</code> };
}

function Contributions({ of }: { of: readonly Contribution[] }) {
  return (
    <div className={styles.holder} tabIndex={0} role="region" aria-label="Controls that were asked">
      <table className={styles.table}>
        <thead>
          <tr>
            <th>Verdict</th>
            <th>Policy</th>
            <th>Control</th>
            <th>Does</th>
            <th>Amounts</th>
            <th>Reason</th>
          </tr>
        </thead>
        <tbody>
          {of.map((one) => (
            <tr key={`${one.policy_id} ${one.control_id}`}>
              <td>
                <State
                  of={one.mode === 'shadow' && one.fired ? 'policy' : 'verdict'}
                  state={one.mode === 'shadow' && one.fired ? 'shadow' : one.verdict}
                  bare
                />
              </td>
              <td>
                <PolicyName of={one} />
              </td>
              <td>
                {plainWords(one.type)} <span className="quiet">{scopeOf(one)}</span>
              </td>
              <td>
                {one.mode === 'shadow' ? `would ${consequenceOf(one.action).toLowerCase()}` : consequenceOf(one.action)}
              </td>
              <td>
                {amountsOf(one)}
                {one.resets_at && <div className="quiet">resets {minuteText(one.resets_at)}</div>}
              </td>
              <td>
                {one.not_evaluated ? 'not evaluated: ' : ''}
                <Said text={one.reason} />
                {one.error_detail && <span className="quiet"> (callers are told no amounts)</span>}
                {one.ruled_by && (
                  <>
                    {' '}
                    (ruled by <Link href={`/go/${one.ruled_by}`}>{shortId(one.ruled_by)}</Link>)
                  </>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
