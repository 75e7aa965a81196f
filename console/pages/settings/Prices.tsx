import { useState } from 'react';
import { type Item, useAct, useApi } from '../../api.ts';
import { ListView } from '../../parts/ListView.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { useMay } from '../../parts/session.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Json } from '../../ui/KeyValue.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { Rate } from './Rate.tsx';

type Price = Item<'listPrices'>;

const columns: readonly Column<Price>[] = [
  {
    id: 'state',
    title: 'State',
    width: '104px',
    cell: (row) =>
      row.in_force ? (
        <Status tone="info" glyph="dot">
          In force
        </Status>
      ) : (
        <Status glyph="circle">Overridden</Status>
      ),
  },
  { id: 'provider', title: 'Provider', width: '112px', cell: (row) => row.provider },
  { id: 'model', title: 'Model', width: 'minmax(180px, 1fr)', cell: (row) => <code>{row.model}</code> },
  { id: 'rate', title: 'USD per million tokens', width: 'minmax(220px, 1fr)', cell: (row) => <Rate of={row} /> },
  {
    id: 'source',
    title: 'From',
    width: '120px',
    cell: (row) => (row.source === 'manual' ? 'your override' : row.source),
  },
  {
    id: 'reason',
    title: 'Because',
    width: 'minmax(120px, 1fr)',
    cell: (row) => row.reason ?? <span className="faint">the packaged book</span>,
  },
  { id: 'since', title: 'Since', width: '104px', align: 'end', cell: (row) => <Time at={row.effective_from} /> },
];

const facets = [
  { name: 'model', label: 'Model' },
  { name: 'provider', label: 'Provider' },
];

/** What models cost, where the number comes from, and which have none. */
export function Prices() {
  const may = useMay('administer');
  const [setting, setSetting] = useState<Partial<Price> | null>(null);
  return (
    <SettingsPage
      title="Prices"
      full
      act={{ verb: 'Set a price', denied: 'Your key may not set prices', onChoose: () => setSetting({}) }}
    >
      <Unpriced onSet={(of) => setSetting(of)} />
      <ListView
        of="listPrices"
        label="Prices"
        facets={facets}
        columns={columns}
        least={980}
        keyOf={(row) => row.id}
        peek={(row) => (
          <>
            <div>
              <Button small disabled={!may} onClick={() => setSetting(row)}>
                Override…
              </Button>
            </div>
            <Json value={row} label="The price" />
          </>
        )}
        peekTitle={(row) => row.model}
        empty={<Empty title="No price">Nothing is charged for a model without a price, and nothing is assumed.</Empty>}
      />
      {setting && <SetPrice of={setting} onClose={() => setSetting(null)} />}
    </SettingsPage>
  );
}

const month_ms = 30 * 86_400_000;
const hour_ms = 3_600_000;

/** Models that were called in the last month and cost nobody knows how much. */
function Unpriced({ onSet }: { onSet: (of: Partial<Price>) => void }) {
  const from = new Date(Math.floor((Date.now() - month_ms) / hour_ms) * hour_ms).toISOString();
  const metrics = useApi('getMetrics', { query: { from, is_synthetic: 'all' } }, { staleTime: 60_000 });
  const unpriced = (metrics.data?.by_model ?? []).filter((of) => Number(of.unpriced_calls) > 0 && of.model !== null);
  if (unpriced.length === 0) return null;
  return (
    <div style={{ display: 'flex', gap: 16, flexWrap: 'wrap', alignItems: 'center' }}>
      {unpriced.map((of) => (
        <span key={`${of.provider} ${of.model}`} style={{ display: 'inline-flex', gap: 8, alignItems: 'center' }}>
          <Status tone="crit" glyph="square">
            {of.provider}/{of.model}: price unknown, {String(of.unpriced_calls)} calls in 30 days
          </Status>
          <Button small onClick={() => onSet({ provider: of.provider ?? '', model: of.model ?? '' })}>
            Set…
          </Button>
        </span>
      ))}
    </div>
  );
}

function SetPrice({ of, onClose }: { of: Partial<Price>; onClose: () => void }) {
  const create = useAct('createPrice');
  const toast = useToast();
  const rates = of.tiers?.[0]?.rates;
  const [provider, setProvider] = useState(of.provider ?? 'openai');
  const [model, setModel] = useState(of.model ?? '');
  const [input, setInput] = useState(String(rates?.input ?? ''));
  const [output, setOutput] = useState(String(rates?.output ?? ''));
  const save = (reason: string) =>
    create.mutate(
      {
        body: {
          provider: provider.trim(),
          model: model.trim(),
          input_usd_per_million: input.trim(),
          ...(output.trim() !== '' && { output_usd_per_million: output.trim() }),
          reason,
        },
      },
      {
        onSuccess: (made) => {
          toast(`${made.model} has its price from now on; what was charged stays charged`);
          onClose();
        },
      },
    );
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title="Set a price"
      about="It wins over the packaged book from now on."
      verb="Set the price"
      busy={create.isPending}
      error={create.error}
      onReason={save}
    >
      <TextField
        label="Provider"
        hint="Its short name, or its kind for all of that kind"
        value={provider}
        onChange={(event) => setProvider(event.target.value)}
      />
      <TextField label="Model" value={model} onChange={(event) => setModel(event.target.value)} />
      <TextField
        label="Input, USD per million tokens"
        inputMode="decimal"
        value={input}
        onChange={(event) => setInput(event.target.value)}
      />
      <TextField
        label="Output, USD per million tokens"
        inputMode="decimal"
        value={output}
        onChange={(event) => setOutput(event.target.value)}
      />
    </ReasonDialog>
  );
}
