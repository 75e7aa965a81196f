import { type ReactNode, useEffect, useState } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { Charges } from '../../parts/Charges.tsx';
import { DecisionWords } from '../../parts/DecisionWords.tsx';
import { useMay } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Count, Money, Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { durationText, moneyText, shortId } from '../../ui/format.ts';
import { Glyph } from '../../ui/Glyph.tsx';
import { Hash, Id } from '../../ui/Id.tsx';
import { Json, KeyValue } from '../../ui/KeyValue.tsx';
import { LoadingMore } from '../../ui/States.tsx';
import { Instant } from '../../ui/Time.tsx';
import { HashCheck } from './HashCheck.tsx';
import styles from './Run.module.css';
import { StepMenu } from './StepMenu.tsx';
import { type ShownStep, stepName } from './step-words.ts';

const settle_ms = 150;

/** The value once it has stayed the same for a moment: rows are passed faster than they are asked about. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), settle_ms);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

interface Props {
  step: ShownStep;
  /** All tries of it, itself among them. */
  tries: readonly ShownStep[];
  onTry: (step_id: string) => void;
}

/** One step: what was decided, what was sent and paid, and where its record lies. */
export function StepPanel({ step, tries, onTry }: Props) {
  const settled = useSettled(step);
  const may_read_logs = useMay('read_logs');
  const is_settled = settled.id === step.id;
  const decision = useApi(
    'getDecision',
    { params: { id: step.decision_id ?? '' } },
    { enabled: is_settled && step.decision_id !== null },
  );
  const record = useApi(
    'getLlmRunRecord',
    { params: { id: step.record_id ?? '' } },
    { enabled: is_settled && may_read_logs && step.record_id !== null, staleTime: 60_000 },
  );
  return (
    <aside className={styles.panel} aria-label="The chosen step">
      <header className={styles.step}>
        <strong className="cut">{stepName(step)}</strong>
        {step.status === 'running' ? <State of="run" state="running" /> : <State of="step" state={step.status} />}
        <span className={styles.rest} />
        <StepMenu step={step} />
      </header>
      <p className="quiet">
        {step.kind}
        {step.skill !== step.kind && ` · ${step.skill}`} · <Instant at={step.started_at} clock /> UTC ·{' '}
        {durationText(step.duration_ms)}
        {step.source === 'reported'
          ? ' · reported, not governed'
          : step.record_id === null && step.kind === 'llm' && step.status !== 'running' && ' · not sent'}
        {step.id.startsWith('stp_') && (
          <>
            {' '}
            <Id id={step.id} />
          </>
        )}
      </p>
      {tries.length > 1 && <Tries of={tries} chosen={step.id} onTry={onTry} />}
      <Trouble what="What was decided could not be loaded" of={[decision]} />
      {decision.isLoading && <LoadingMore what="what was decided" />}
      {decision.data && <Decided decision={decision.data} />}
      {step.error != null && <Wrong error={step.error} />}
      {step.record_id === null ? null : may_read_logs ? (
        <>
          <Trouble what="The record of the call could not be loaded" of={[record]} />
          {record.isLoading && <LoadingMore what="the record of the call" />}
          {record.data && <Recorded record={record.data} />}
        </>
      ) : (
        <p className="quiet">The record of the call is for those who may read logs.</p>
      )}
      {step.params != null && (
        <Block title="Parameters">
          <Json value={step.params} label="Parameters" />
        </Block>
      )}
      <details>
        <summary>The step as JSON</summary>
        <Json value={step} label="The step" />
      </details>
    </aside>
  );
}

/** How often it was tried, and the way to each of them. */
const Tries = ({ of, chosen, onTry }: { of: readonly ShownStep[]; chosen: string; onTry: Props['onTry'] }) => (
  <nav className={styles.line} aria-label="Tries of this step">
    <span className="quiet">
      Try {of.findIndex(({ id }) => id === chosen) + 1} of {of.length}
    </span>
    {of.map(({ id, status }, at) => (
      <Button
        key={id}
        small
        kind={id === chosen ? 'primary' : 'normal'}
        aria-current={id === chosen}
        aria-label={`Try ${at + 1}: ${status}`}
        onClick={() => onTry(id)}
      >
        <Glyph name={status === 'succeeded' ? 'check' : status === 'running' ? 'circle' : 'cross'} /> {at + 1}
      </Button>
    ))}
  </nav>
);

const Block = ({ title, children }: { title: string; children: ReactNode }) => (
  <section className={styles.block} aria-label={title}>
    <h2>{title}</h2>
    {children}
  </section>
);

function Decided({ decision }: { decision: Answer<'getDecision'> }) {
  const { contributions } = decision;
  const shadow = contributions.filter(({ mode, fired }) => mode === 'shadow' && fired);
  return (
    <Block title="Policy decision">
      <DecisionWords decision={decision} />
      {shadow.map((of) => (
        <p key={of.control_id} style={{ color: 'var(--shadow)' }}>
          In shadow, {of.policy_name} v{of.policy_version} would {of.action}: <Said text={of.reason} />
        </p>
      ))}
      <p className="quiet">
        {contributions.length} {contributions.length === 1 ? 'control' : 'controls'} asked ·{' '}
        <Link href={hrefOf(decision.id)} title={decision.id}>
          <code>{shortId(decision.id)}</code>
        </Link>
      </p>
    </Block>
  );
}

/** What came instead of an answer, as its code and its words. */
function Wrong({ error }: { error: unknown }) {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    <Block title="Error">
      <p>
        {code !== undefined && <code>{String(code)}</code>} {message !== undefined && <Said text={String(message)} />}
      </p>
    </Block>
  );
}

function Recorded({ record }: { record: Answer<'getLlmRunRecord'> }) {
  const { input_tokens, output_tokens, cached_input_tokens, reasoning_tokens } = record;
  const tokens = (value: number | null) => (value === null ? null : <Count value={value} of="tokens" />);
  return (
    <>
      <Block title="Usage and price">
        <KeyValue
          of={[
            ['Model', `${record.provider} / ${record.model}${record.streamed ? ', streamed' : ''}`],
            ['Tokens in', tokens(input_tokens)],
            ['Tokens out', tokens(output_tokens)],
            ...(cached_input_tokens ? ([['Of these cached', tokens(cached_input_tokens)]] as const) : []),
            ...(reasoning_tokens ? ([['Of these reasoning', tokens(reasoning_tokens)]] as const) : []),
            ['Counted by', record.usage_source === 'provider' ? 'the provider' : record.usage_source],
            ['Cost', <Money key="cost" usd={record.cost_usd} />],
            ['Price', priceOf(record)],
            ...(record.charges?.length
              ? ([['Charged for', <Charges key="charges" of={record.charges} />]] as const)
              : []),
          ]}
        />
      </Block>
      <Block title="Request and response">
        <KeyValue
          of={[
            [
              'Text',
              <span key="text" className="quiet">
                not kept: only its hashes
              </span>,
            ],
            ['Request', <Hash key="prompt" hash={record.prompt_hash} />],
            ['Response', <Hash key="response" hash={record.response_hash} />],
            [
              'Record',
              <Link key="record" href={`/logs?run=${record.run_id}&peek=${record.id}`} title={record.id}>
                <code>{shortId(record.id)}</code>
              </Link>,
            ],
          ]}
        />
        {record.prompt_hash !== null && (
          <HashCheck key={record.id} prompt_hash={record.prompt_hash} response_hash={record.response_hash} />
        )}
      </Block>
    </>
  );
}

function priceOf({ price_version, cost_usd }: Answer<'getLlmRunRecord'>): string {
  if (cost_usd === null)
    return price_version === null ? 'unknown: the model is in no price list' : 'unknown: no price for all of its use';
  return price_version === null ? moneyText(cost_usd) : `list ${price_version}`;
}
