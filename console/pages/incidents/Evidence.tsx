import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { plainWords, State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { amountText, exactMoney, minuteText, shortId } from '../../ui/format.ts';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Meter } from '../../ui/Meter.tsx';
import { Panel, Section } from '../../ui/Page.tsx';
import { Instant } from '../../ui/Time.tsx';

type Violation = Answer<'getIncident'>['violations'][number];

const listed = 8;

/** The numbers as they stood when the control fired: they do not move with the limit. */
export function Evidence({ of }: { of: Answer<'getIncident'> }) {
  const [first, ...rest] = of.violations;
  return (
    <Section title="Evidence" aside={first && <span className="faint">frozen when it fired</span>}>
      <Panel>
        {first ? (
          <div style={{ display: 'grid', gap: 12 }}>
            <Fired of={first} />
            {rest.length > 0 && <Again of={rest} />}
          </div>
        ) : (
          <p className="quiet">No control fired: {plainWords(of.category).toLowerCase()}.</p>
        )}
      </Panel>
    </Section>
  );
}

function Fired({ of }: { of: Violation }) {
  const resets_at = useReset(of);
  return (
    <>
      <div style={{ display: 'flex', gap: 10, alignItems: 'center' }}>
        <State of="verdict" state={of.action} bare />
        <strong>{plainWords(of.control_type)}</strong>
        <span style={{ flex: 1 }} />
        <Instant at={of.occurred_at} clock />
      </div>
      {of.limit_value !== null && of.used !== null && (
        <Meter
          used={Number(of.limit_value) > 0 ? Number(of.used) / Number(of.limit_value) : 1}
          tone="crit"
          label={`Used of ${of.control_type} when it fired`}
        />
      )}
      <KeyValue
        of={[
          ...amountsOf(of),
          ...(resets_at ? ([['Resets', minuteText(resets_at)]] as const) : []),
          [
            'Policy',
            <Link key="p" href={hrefOf(of.policy_id)}>
              version {of.policy_version}
            </Link>,
          ],
          [
            'Decision',
            <Link key="d" href={hrefOf(of.decision_id)}>
              <code>{shortId(of.decision_id)}</code>
            </Link>,
          ],
        ]}
      />
    </>
  );
}

/** When the window in which it fired ends, as its decision says; undefined: not known, or it has no end. */
function useReset({ decision_id, control_id, limit_value }: Violation): string | undefined {
  const decision = useApi(
    'getDecision',
    { params: { id: decision_id } },
    { enabled: limit_value !== null, staleTime: Number.POSITIVE_INFINITY },
  );
  return decision.data?.contributions.find((of) => of.control_id === control_id)?.resets_at ?? undefined;
}

/** Rules have no amounts. */
function amountsOf({ used, requested, limit_value, unit, subject }: Violation): [string, ReactNode][] {
  if (limit_value === null) return [];
  return [
    ['Used', amountBeside(used, limit_value, unit)],
    ['Asked for', amountText(requested, unit)],
    ['Limit', amountText(limit_value, unit)],
    ['Counted for', subject === '*' ? 'all together' : <code key="s">{subject}</code>],
  ];
}

/** As people read it, but never rounded to the limit itself: what was a hair below it shows so. */
function amountBeside(value: string | null, limit: string | null, unit: string | null): string {
  const text = amountText(value, unit);
  const is_hidden = value !== null && text === amountText(limit, unit) && Number(value) !== Number(limit);
  if (!is_hidden) return text;
  return unit?.startsWith('usd') ? `$${exactMoney(value)}` : value;
}

/** The further times it fired, a line each. */
function Again({ of }: { of: readonly Violation[] }) {
  return (
    <div>
      <h3>And {of.length === 1 ? 'once' : `${of.length} times`} more</h3>
      <ul>
        {of.slice(0, listed).map((one) => (
          <li key={one.id} style={{ display: 'flex', gap: 12, minHeight: 24 }}>
            <Instant at={one.occurred_at} clock />
            <span className="quiet">
              {one.limit_value === null
                ? plainWords(one.action)
                : `${amountBeside(one.used, one.limit_value, one.unit)} used, ${amountText(one.requested, one.unit)} asked`}
            </span>
            <span style={{ flex: 1 }} />
            <Link href={hrefOf(one.decision_id)} style={{ whiteSpace: 'nowrap' }}>
              <code>{shortId(one.decision_id)}</code>
            </Link>
          </li>
        ))}
      </ul>
      {of.length > listed && <p className="quiet">and {of.length - listed} in the timeline</p>}
    </div>
  );
}
