import { useState } from 'react';
import { type Item, useAct } from '../../api.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { TextField } from '../../ui/Field.tsx';
import { exactText } from '../../ui/format.ts';
import { useToast } from '../../ui/Toast.tsx';

type Price = Item<'listPrices'>;
type RateName = keyof Price['tiers'][number]['rates'];

/** What is typed of a tier; an empty text is a rate that is not said. */
interface Tier {
  above_input_tokens: number;
  rates: { [Name in RateName]?: string | undefined };
}

interface RateField {
  name: RateName;
  label: string;
  hint?: string;
  /** Shown only where the price has it already. */
  rare?: true;
}

const rate_fields: readonly RateField[] = [
  { name: 'input', label: 'Input' },
  { name: 'output', label: 'Output', hint: 'Empty: the model only reads, as for embeddings' },
  { name: 'cached_input', label: 'Cached tokens', hint: 'Empty: charged as input' },
  { name: 'cache_write', label: 'Cache writes', hint: 'Empty: charged as input' },
  { name: 'cache_write_1h', label: 'Cache writes for an hour', hint: 'Empty: as cache writes', rare: true },
  { name: 'audio_input', label: 'Audio in', hint: 'Empty: charged as input', rare: true },
  { name: 'audio_output', label: 'Audio out', hint: 'Empty: charged as output', rare: true },
];

const two_columns = {
  display: 'grid',
  gridTemplateColumns: 'repeat(auto-fit, minmax(200px, 1fr))',
  gap: 12,
  margin: 0,
  padding: 0,
  border: 0,
} as const;

const no_tier: Tier = { above_input_tokens: 0, rates: {} };

/** A tenant's own price for a model. It begins with every rate of the price it replaces, so that none is lost unseen. */
export function SetPrice({ of, onClose }: { of: Partial<Price>; onClose: () => void }) {
  const create = useAct('createPrice');
  const toast = useToast();
  const [provider, setProvider] = useState(of.provider ?? 'openai');
  const [model, setModel] = useState(of.model ?? '');
  const [tiers, setTiers] = useState<readonly Tier[]>(of.tiers?.length ? of.tiers : [no_tier]);
  const [search, setSearch] = useState(of.per_web_search_usd ?? '');
  const [request, setRequest] = useState(of.per_request_usd ?? '');
  const save = (reason: string) =>
    create.mutate(
      {
        body: {
          provider: provider.trim(),
          model: model.trim(),
          tiers: tiers.map(saidOf),
          ...(search.trim() !== '' && { per_web_search_usd: search.trim() }),
          ...(request.trim() !== '' && { per_request_usd: request.trim() }),
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
      about="It replaces the price of the model from now on, whole: what stands here is all that is charged."
      verb="Set the price"
      busy={create.isPending}
      error={create.error}
      onReason={save}
    >
      <TextField
        label="Provider"
        hint="Its short name, or its kind for all providers of that kind"
        value={provider}
        onChange={(event) => setProvider(event.target.value)}
      />
      <TextField label="Model" value={model} onChange={(event) => setModel(event.target.value)} />
      {tiers.map((tier, at) => (
        <TierFields
          key={tier.above_input_tokens}
          of={tier}
          had={of.tiers?.[at]?.rates ?? {}}
          is_only={tiers.length === 1}
          onChange={(rates) => setTiers(tiers.map((one) => (one === tier ? { ...tier, rates } : one)))}
        />
      ))}
      <TextField
        label="Each web search, USD"
        hint="Empty: unknown, and so is the cost of a call that searches"
        inputMode="decimal"
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <TextField
        label="Each request, USD"
        hint="On top of its tokens. Empty: nothing"
        inputMode="decimal"
        value={request}
        onChange={(event) => setRequest(event.target.value)}
      />
    </ReasonDialog>
  );
}

interface TierProps {
  of: Tier;
  had: Tier['rates'];
  is_only: boolean;
  onChange: (rates: Tier['rates']) => void;
}

function TierFields({ of: { above_input_tokens, rates }, had, is_only, onChange }: TierProps) {
  const fields = rate_fields.filter(({ name, rare }) => !rare || had[name] !== undefined);
  const from = above_input_tokens === 0 ? 'Price' : `Price above ${exactText(above_input_tokens)} input tokens`;
  return (
    <fieldset style={two_columns}>
      <legend style={{ fontWeight: 600, paddingBottom: 4 }}>{is_only ? 'Price' : from}</legend>
      {fields.map(({ name, label, hint }) => (
        <TextField
          key={name}
          label={`${label}, USD per million tokens`}
          hint={hint}
          inputMode="decimal"
          value={rates[name] ?? ''}
          onChange={(event) => onChange({ ...rates, [name]: event.target.value })}
        />
      ))}
    </fieldset>
  );
}

/** The tier as it is sent: a rate that is left empty is not said. */
const saidOf = ({ above_input_tokens, rates }: Tier) => ({
  above_input_tokens,
  rates: Object.fromEntries(
    Object.entries(rates)
      .map(([name, text]) => [name, text?.trim() ?? ''])
      .filter(([, text]) => text !== ''),
  ),
});
