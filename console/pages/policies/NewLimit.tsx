import { NamesField } from '../../parts/NamesField.tsx';
import {
  type DraftLimit,
  limitText,
  watched,
  watchedOf,
  watchedValue,
  watching,
  windowNamed,
} from '../../parts/policy-draft.ts';
import { CheckField, RadioField } from '../../parts/RadioField.tsx';
import { SelectField, TextField } from '../../ui/Field.tsx';
import styles from './New.module.css';
import type { StepProps } from './new-steps.ts';
import { PastUsage } from './PastUsage.tsx';

const models = {
  value: 'model_access',
  name: 'Which models',
  hint: 'A list of models that may be called, or may not. Looked at before every call.',
};

/** What is looked at. */
export function NewWatch({ control, changeControl }: StepProps) {
  const options = watched.map((of) => ({ value: watchedValue(of), name: of.name, hint: of.when }));
  return (
    <RadioField
      label="What is counted or looked at"
      value={control.limit ? watchedValue(control.limit) : (control.rule?.type ?? '')}
      options={[...options, models]}
      onChoose={(value) => changeControl(watching(control, value))}
    />
  );
}

/** How much is allowed, or which. */
export function NewLimit(props: StepProps) {
  const { control, changeControl, errorAt, at } = props;
  const { limit, rule } = control;
  if (rule) {
    const set = (verb: string) => (names: string[]) => {
      const params = Object.fromEntries(
        Object.entries({ ...rule.params, [verb]: names }).filter(([, list]) => list.length > 0),
      );
      changeControl({ ...control, rule: { ...rule, params } });
    };
    return (
      <>
        <NamesField
          label="Only these models may be called"
          hint="gpt-4o, openai/gpt-4o, or the beginning of names: gpt-4*"
          names={rule.params.allow ?? []}
          error={errorAt(`${at}.rule`)}
          onChange={set('allow')}
        />
        <NamesField
          label="These may not"
          hint="Wins over the list above."
          names={rule.params.deny ?? []}
          onChange={set('deny')}
        />
      </>
    );
  }
  return limit ? <Amount {...props} limit={limit} /> : null;
}

const per_names: Readonly<Record<string, string>> = {
  run: 'run',
  session: 'session',
  minute: 'minute',
  hour: 'hour',
  day: 'day',
  week: 'week (from Monday)',
  month: 'month',
  rolling: 'the last seconds, always',
};

function Amount({ draft, control, changeControl, errorAt, at, past, limit }: StepProps & { limit: DraftLimit }) {
  const of = watchedOf(limit);
  const set = (part: Partial<DraftLimit>) => changeControl({ ...control, limit: { ...limit, ...part } });
  const { window } = limit;
  const per = window && ('rolling_seconds' in window ? 'rolling' : window.per);
  const zone = window && 'timezone' in window ? window.timezone : undefined;
  const is_calendar = per !== undefined && !['run', 'session', 'rolling'].includes(per);
  return (
    <>
      <div className={styles.row}>
        <TextField
          label={`At most (${of?.unit ?? limit.type})`}
          inputMode="decimal"
          value={limit.max}
          error={errorAt(`${at}.limit.max`)}
          onChange={(event) => set({ max: event.target.value })}
        />
        {of && of.windows.length > 0 && per && (
          <SelectField
            label="Per"
            value={per}
            error={is_calendar || per === 'rolling' ? null : errorAt(`${at}.limit.window`)}
            choices={of.windows.map((value) => ({ value, name: per_names[value] ?? value }))}
            onChoose={(value) => set({ window: windowNamed(value, zone) })}
          />
        )}
        {is_calendar && per && (
          <TextField
            label="It begins by the clock of"
            list="aos-zones"
            value={zone ?? 'UTC'}
            error={errorAt(`${at}.limit.window`)}
            onChange={(event) => set({ window: { per, timezone: event.target.value } })}
          />
        )}
        {window && 'rolling_seconds' in window && (
          <TextField
            label="Seconds"
            inputMode="numeric"
            value={window.rolling_seconds}
            error={errorAt(`${at}.limit.window`)}
            onChange={(event) => set({ window: { rolling_seconds: event.target.value } })}
          />
        )}
      </div>
      <datalist id="aos-zones">
        {Intl.supportedValuesOf('timeZone').map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <Counting limit={limit} set={set} />
      <PastUsage draft={draft} control={control} limit={limit} past={past} setMax={(max) => set({ max })} />
      {of?.is_money && <UnknownPrice limit={limit} set={set} error={errorAt(`${at}.limit.declared_price`)} />}
    </>
  );
}

type Part = { limit: DraftLimit; set: (part: Partial<DraftLimit>) => void };

const counted = ['project', 'agent', 'api_key', 'actor', 'session', 'run'];

/** `Each actor has $10.00 per day.` */
function eachText(limit: DraftLimit): string {
  const per = limit.count_per ?? 'together';
  if (per === 'together' || limit.max === '') return 'Each has the whole amount.';
  return `Each ${per.replace('api_key', 'API key')} has ${limitText({ limit, action: '' })}.`;
}

function Counting({ limit, set }: Part) {
  const per = limit.count_per ?? 'together';
  const spans_one = limit.window && 'per' in limit.window && ['run', 'session'].includes(limit.window.per);
  if (spans_one) return null;
  return (
    <div className={styles.row}>
      <RadioField
        label="Counted"
        value={per === 'together' ? 'together' : 'separately'}
        options={[
          { value: 'together', name: 'together', hint: 'One pool for all that the target takes.' },
          { value: 'separately', name: 'separately', hint: eachText(limit) },
        ]}
        onChoose={(value) => set({ count_per: value === 'together' ? 'together' : 'actor' })}
      />
      {per !== 'together' && (
        <SelectField
          label="For each"
          value={per}
          choices={counted.map((value) => ({ value, name: value.replace('api_key', 'API key') }))}
          onChoose={(count_per) => set({ count_per })}
        />
      )}
    </div>
  );
}

function UnknownPrice({ limit, set, error }: Part & { error: string | null }) {
  const estimates = limit.on_unknown_price === 'estimate';
  const price = (limit.declared_price ?? {}) as { input_usd?: string; output_usd?: string };
  const rate = (part: object) => set({ declared_price: { input_usd: '', output_usd: '', ...price, ...part } });
  const toggle = (on: boolean) =>
    set({
      on_unknown_price: on ? 'estimate' : 'block',
      declared_price: on ? { input_usd: '', output_usd: '' } : undefined,
    });
  return (
    <div className={styles.more}>
      <CheckField
        label="Let models without a known price pass at an assumed one"
        hint="Otherwise their calls are refused: a cap on money cannot be kept without a price."
        checked={estimates}
        onChange={toggle}
      />
      {estimates && (
        <div className={styles.row}>
          <TextField
            label="USD per million tokens in"
            inputMode="decimal"
            value={price.input_usd ?? ''}
            error={error}
            onChange={(event) => rate({ input_usd: event.target.value })}
          />
          <TextField
            label="USD per million tokens out"
            inputMode="decimal"
            value={price.output_usd ?? ''}
            onChange={(event) => rate({ output_usd: event.target.value })}
          />
        </div>
      )}
    </div>
  );
}
