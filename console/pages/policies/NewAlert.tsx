import { type Item, useApi } from '../../api.ts';
import { NamesField } from '../../parts/NamesField.tsx';
import { type DraftAlerts, ownChannels } from '../../parts/policy-draft.ts';
import { CheckField } from '../../parts/RadioField.tsx';
import { TextField } from '../../ui/Field.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import styles from './New.module.css';
import type { StepProps } from './new-steps.ts';

const usual: DraftAlerts = { tiers: [50, 70, 90], channels: ['console'] };

/** When somebody is told that the limit is being used up, and over what. */
export function NewAlert({ control, changeControl, errorAt, at }: StepProps) {
  if (!control.limit)
    return (
      <p>A list of models is not used up, so there is nothing to be told of. Every refusal is in the decisions.</p>
    );
  const alerts = control.alerts ?? usual;
  const set = (part: Partial<DraftAlerts>) => changeControl({ ...control, alerts: { ...alerts, ...part } });
  const on = alerts.enabled !== false;
  return (
    <>
      <CheckField label="Send alerts as the limit is used up" checked={on} onChange={(enabled) => set({ enabled })} />
      {on && (
        <>
          <NamesField
            label="At these parts of the limit, in percent"
            hint="Enter adds one. Each is sent once per window; 100 is always sent."
            names={alerts.tiers.map(String)}
            error={errorAt(`${at}.alerts.tiers`)}
            onChange={(names) => set({ tiers: inOrder(names) })}
          />
          <TextField
            label="Forecast: alert this many hours before the limit is spent early"
            hint="Empty: never."
            inputMode="decimal"
            value={alerts.forecast_hours ?? ''}
            error={errorAt(`${at}.alerts.forecast_hours`)}
            onChange={(event) => set({ forecast_hours: event.target.value })}
          />
          <Channels alerts={alerts} onChange={(channels) => set({ channels })} />
          <OwnChannels
            alerts={alerts}
            errorAt={(tier) => errorAt(`${at}.alerts.tier_channels["${tier}"]`)}
            onChange={set}
          />
          <TextField
            label="Repeat the alert while it stays reached, every this many minutes"
            hint="Empty: never. The record of a tier is made once all the same."
            inputMode="numeric"
            value={alerts.repeat_minutes ?? ''}
            error={errorAt(`${at}.alerts.repeat_minutes`)}
            onChange={(event) => set({ repeat_minutes: event.target.value })}
          />
          <QuietHours alerts={alerts} errorAt={(part) => errorAt(`${at}.alerts.quiet_hours.${part}`)} onChange={set} />
          <CheckField
            label="Stays open until a person acknowledges it"
            checked={alerts.requires_ack === true}
            onChange={(requires_ack) => set({ requires_ack })}
          />
        </>
      )}
    </>
  );
}

/** Without their signs, each once, the lowest first; what is no number stays, for the server to say so. */
const inOrder = (names: readonly string[]): string[] =>
  [...new Set(names.map((name) => name.replace('%', '')))].sort((a, b) => Number(a) - Number(b));

interface PartProps {
  alerts: DraftAlerts;
  errorAt: (part: string) => string | null;
  onChange: (part: Partial<DraftAlerts>) => void;
}

/** Channels of single tiers: whoever sleeps is told of the last one only. */
function OwnChannels({ alerts, errorAt, onChange }: PartProps) {
  const { data } = useApi('listChannels', { query: { limit: 200 } });
  const { tier_channels = {} } = alerts;
  const suggestions = data?.items.map(({ slug, name }) => ({ value: slug, name })) ?? [];
  const set = (tier: string, names: string[]) => onChange({ tier_channels: { ...tier_channels, [tier]: names } });
  return (
    <details open={ownChannels(alerts).length > 0 || undefined}>
      <summary>Other channels for single tiers</summary>
      <div>
        {[...alerts.tiers.map(String), '100'].map((tier) => (
          <NamesField
            key={tier}
            label={`At ${tier} % over`}
            hint="Empty: over those above."
            names={tier_channels[tier] ?? []}
            suggestions={suggestions}
            error={errorAt(tier)}
            onChange={(names) => set(tier, names)}
          />
        ))}
      </div>
    </details>
  );
}

const usual_quiet = { from: '22:00', to: '07:00', timezone: 'UTC' };

/** A part of the day in which what is below the whole limit waits. */
function QuietHours({ alerts, errorAt, onChange }: PartProps) {
  const { quiet_hours: quiet } = alerts;
  const set = (part: Partial<typeof usual_quiet>) => onChange({ quiet_hours: { ...(quiet ?? usual_quiet), ...part } });
  return (
    <>
      <CheckField
        label="Quiet hours: alerts below 100 % are held and sent when the hours end"
        checked={quiet !== undefined}
        onChange={(on) => onChange({ quiet_hours: on ? usual_quiet : undefined })}
      />
      {quiet && (
        <div className={styles.row}>
          <TextField
            label="Quiet from"
            type="time"
            value={quiet.from}
            error={errorAt('from')}
            onChange={(event) => set({ from: event.target.value })}
          />
          <TextField
            label="Quiet until"
            type="time"
            value={quiet.to}
            error={errorAt('to')}
            onChange={(event) => set({ to: event.target.value })}
          />
          <TextField
            label="By the clock of"
            hint="For example Europe/Paris."
            value={quiet.timezone}
            error={errorAt('timezone')}
            onChange={(event) => set({ timezone: event.target.value })}
          />
        </div>
      )}
    </>
  );
}

function Channels({ alerts, onChange }: { alerts: DraftAlerts; onChange: (channels: string[]) => void }) {
  const { data, error, isPending, refetch } = useApi('listChannels', { query: { limit: 200 } });
  if (isPending) return <Loading what="channels" rows={2} />;
  if (!data) return <Failed what="The channels could not be loaded" error={error} onRetry={() => void refetch()} />;
  const isChosen = ({ slug, id }: Item<'listChannels'>) =>
    alerts.channels.includes(slug) || alerts.channels.includes(id);
  const toggle = (channel: Item<'listChannels'>, on: boolean) => {
    const others = alerts.channels.filter((name) => name !== channel.slug && name !== channel.id);
    onChange(on ? [...others, channel.slug] : others);
  };
  return (
    <fieldset style={{ display: 'grid', gap: 8, margin: 0, padding: 0, border: 0 }}>
      <legend style={{ fontWeight: 500, padding: '0 0 6px' }}>Over</legend>
      {data.items.map((channel) => (
        <CheckField
          key={channel.id}
          label={`${channel.name}${channel.address ? ` · ${channel.address}` : ''}`}
          hint={standingOf(channel)}
          checked={isChosen(channel)}
          onChange={(on) => toggle(channel, on)}
        />
      ))}
      {alerts.channels.length === 0 && (
        <p style={{ color: 'var(--warn)' }}>Nobody will be told: alerts stand in their list and nowhere else.</p>
      )}
    </fieldset>
  );
}

/** Whether something told over a channel arrives. */
function standingOf({ kind, enabled, tested_at, failing_since }: Item<'listChannels'>): string {
  if (!enabled) return 'Disabled: nothing is told over it.';
  if (kind === 'console') return 'The list of alerts in this console: Activity, Alerts.';
  if (failing_since !== null)
    return `Fails: nothing has arrived since ${failing_since.slice(0, 16).replace('T', ' ')} UTC.`;
  return tested_at === null
    ? 'Not tested: a policy in force may not use it before a test delivery arrived.'
    : `A test delivery arrived ${tested_at.slice(0, 16).replace('T', ' ')} UTC.`;
}
