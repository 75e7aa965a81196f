import { useState } from 'react';
import { type Item, useAct, useApi } from '../../api.ts';
import { useMay } from '../../parts/session.ts';
import { sendTestCall } from '../../parts/test-call.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Field } from '../../ui/Field.tsx';
import { durationText } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Instant } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { ChangeKey, UseAsDefault } from './ProviderDialogs.tsx';
import { Rate } from './Rate.tsx';

type Provider = Item<'listProviders'>;

/** One provider: whether it answers, and what its models cost. */
export function ProviderPeek({ of }: { of: Provider }) {
  const may = useMay('administer');
  const change = useAct('changeProvider');
  const toast = useToast();
  const [asking, setAsking] = useState<'key' | 'default' | null>(null);
  const close = () => setAsking(null);
  const prices = useApi('listPrices', { query: { provider: of.kind === 'mock' ? 'mock' : of.kind, limit: 200 } });
  const priced = (prices.data?.items ?? []).filter((one) => one.in_force);
  const unknown = of.models.filter((model) => !priced.some((one) => one.model === model));
  const turn = () =>
    change.mutate(
      { params: { id: of.id }, body: { enabled: !of.enabled } },
      {
        onError: (error) => toast(error.message, { tone: 'crit' }),
        onSuccess: () => toast(of.enabled ? `${of.slug} is off: its models are refused` : `${of.slug} is on`),
      },
    );
  return (
    <>
      <TestCall of={of} models={chatModels([...of.models, ...priced.map(({ model }) => model)])} />
      <div style={{ display: 'flex', gap: 8, flexWrap: 'wrap' }}>
        {of.kind !== 'mock' && (
          <Button small disabled={!may} onClick={() => setAsking('key')}>
            Change key…
          </Button>
        )}
        <Button small disabled={!may || !of.enabled} onClick={() => setAsking('default')}>
          Use as default…
        </Button>
        <Button small disabled={!may || change.isPending} onClick={turn}>
          {of.enabled ? 'Switch off' : 'Switch on'}
        </Button>
      </div>
      {asking === 'key' && <ChangeKey of={of} onClose={close} />}
      {asking === 'default' && <UseAsDefault of={of} onClose={close} />}
      <KeyValue
        of={[
          ['Provider', <Id key="id" id={of.id} />],
          ['Address', of.base_url],
          ['Secret', of.has_secret ? 'kept sealed' : 'none'],
          ['Model for "default"', of.default_model],
          ['Changed', <Instant key="at" at={of.updated_at} />],
        ]}
      />
      {unknown.length > 0 && (
        <>
          <h3>Price unknown</h3>
          {unknown.map((model) => (
            <Status key={model} tone="crit" glyph="square">
              {model}: refused under a limit on cost until it has a price
            </Status>
          ))}
        </>
      )}
      <h3>Prices, USD per million tokens</h3>
      <KeyValue of={priced.slice(0, 12).map((one) => [one.model, <Rate key={one.id} of={one} />])} />
    </>
  );
}

/** Those that answer with words; the plainest of the built-in ones first. */
const chatModels = (models: readonly string[]): string[] =>
  models
    .filter((name) => !name.includes('embed'))
    .sort((a, b) => Number(b === 'mock-small') - Number(a === 'mock-small'));

type Outcome = { ok: boolean; text: string; took_ms: number };

/** A small governed call, recorded like any other and tagged as a test. */
function TestCall({ of, models }: { of: Provider; models: readonly string[] }) {
  const may = useMay('call');
  const [model, setModel] = useState('');
  const [outcome, setOutcome] = useState<Outcome | 'busy' | null>(null);
  const chosen = model || models[0] || '';
  const send = async () => {
    setOutcome('busy');
    const begun_ms = performance.now();
    const { ok, text } = await sendTestCall(of, chosen);
    setOutcome({ ok, text, took_ms: performance.now() - begun_ms });
  };
  return (
    <div style={{ display: 'grid', gap: 8 }}>
      <Field
        label="Test call"
        hint="16 tokens through the gateway. Every policy in force applies, and it is recorded as a test."
      >
        {(wired) => (
          <select {...wired} value={chosen} onChange={(event) => setModel(event.target.value)}>
            {[...new Set(models)].map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        )}
      </Field>
      <div>
        <Button
          small
          kind="primary"
          disabled={!may || !of.enabled || chosen === '' || outcome === 'busy'}
          onClick={() => void send()}
        >
          {outcome === 'busy' ? 'Calling …' : 'Call it'}
        </Button>
      </div>
      {outcome !== null && outcome !== 'busy' && (
        <Status tone={outcome.ok ? 'ok' : 'crit'} glyph={outcome.ok ? 'check' : 'cross'}>
          <span style={{ whiteSpace: 'normal' }}>
            {outcome.ok ? `Answered in ${durationText(outcome.took_ms)}: ` : ''}
            {outcome.text}
          </span>
        </Status>
      )}
    </div>
  );
}
