import { Link } from 'wouter';
import { useApi } from '../api.ts';
import { hrefOf, stepHref } from '../paths.ts';
import { Count, KnownMoney } from '../ui/Amount.tsx';
import { durationText } from '../ui/format.ts';
import { Id } from '../ui/Id.tsx';
import { KeyValue } from '../ui/KeyValue.tsx';
import { Failed, Loading } from '../ui/States.tsx';
import { Instant } from '../ui/Time.tsx';
import { Chips, toId } from './Chips.tsx';
import type { RunRow } from './run-columns.tsx';
import { plainWords, State } from './words.tsx';

/** The most of a run that fits beside a list: what it is, what stopped it, its last steps. */
export function RunPeek({ run }: { run: RunRow }) {
  const steps = useApi('listSteps', { params: { id: run.id }, query: { limit: 200 } });
  const last = steps.data?.items.slice(-8) ?? [];
  return (
    <>
      <Chips
        run={toId(run.id, '')}
        incident={toId(run.incident_ids[0], 'none opened')}
        policy={toId(policyOf(run), 'none stopped it')}
      />
      <KeyValue
        of={[
          ['Run', <Id key="id" id={run.id} />],
          ['Goal', run.goal],
          ['Agent', run.agent_slug],
          ['Actor', run.actor_slug],
          ['Session', run.session_external_id],
          ['Calls', run.refused_calls > 0 ? `${run.calls}, ${run.refused_calls} refused` : run.calls],
          [
            'Tokens',
            <span key="tokens">
              <Count value={run.input_tokens} of="tokens" /> in, <Count value={run.output_tokens} of="tokens" /> out
            </span>,
          ],
          ['Cost', <KnownMoney key="cost" usd={run.estimated_cost_usd} unpriced={run.unpriced_calls} />],
          ['Ended because', run.termination_reason && plainWords(run.termination_reason)],
          ['Last refusal', run.last_refusal && plainWords(run.last_refusal)],
          ['Started', <Instant key="at" at={run.started_at ?? run.created_at} />],
        ]}
      />
      <h3>Last steps</h3>
      {steps.isError && (
        <Failed what="The steps could not be loaded" error={steps.error} onRetry={() => void steps.refetch()} />
      )}
      {steps.isPending && <Loading what="steps" rows={3} />}
      <ul>
        {last.map((step) => (
          <li key={step.id} style={{ display: 'flex', gap: 8 }}>
            <State of="step" state={step.status} bare />
            <Link href={stepHref(run.id, step.id)}>
              {step.kind} {step.skill}
            </Link>
            <span className="quiet">{durationText(step.duration_ms)}</span>
          </li>
        ))}
      </ul>
      <p>
        <Link href={hrefOf(run.id)}>Open the run</Link>
      </p>
    </>
  );
}

const policyOf = ({ violation_policy_id }: RunRow): string | null =>
  violation_policy_id?.startsWith('pol_') ? violation_policy_id : null;
