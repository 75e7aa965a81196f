import { Link } from 'wouter';
import { pathFor, useApi } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import type { Group } from '../../parts/incident-acts.ts';
import { Said } from '../../ui/Amount.tsx';
import { primaryLook } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Choice } from '../../ui/Choice.tsx';
import { Columns, Page, Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { useNow } from '../../ui/Time.tsx';
import { type Matter, mattersOf } from './attention.ts';
import { Enforcement } from './Enforcement.tsx';
import { FirstSteps } from './FirstSteps.tsx';
import { MoneyLimits } from './MoneyLimits.tsx';
import { Now } from './Now.tsx';
import styles from './Overview.module.css';
import { type Range, range_names, useRange } from './range.ts';
import { SyntheticLine, useSynthetic } from './Synthetic.tsx';
import { useShadows } from './use-shadows.ts';

const seldom = { staleTime: 30_000 } as const;
/** What is asked for, once more for whoever wants the same without the console. */
const open_incidents = { query: { status: 'open', group: ['policy', 'agent', 'category'], limit: 200 } };
const open_signals = { query: { status: 'open', limit: 200 } };
const active_limits = { query: { status: 'active', limit: 200 } };
const pending_approvals = { query: { status: 'pending', limit: 50 } };
const live_runs = { query: { limit: 1 } };
const paused_runs = { query: { hold: 'paused', limit: 200 } };
const contained_now = { query: { in_force: true, limit: 200 } };
const active_policies = { query: { status: 'active', limit: 200 } };
const commands = [
  'npx aos incidents list --status open',
  'npx aos signals list --status open',
  'npx aos runs list --live',
];
/** The same, with or without what a demo or a scenario made. */
const counting = (asked: { query: object }, is_synthetic: 'all' | undefined) => ({
  query: { ...asked.query, is_synthetic },
});

/** Is anything out of control right now, and what must be done? */
export function Overview() {
  const now = useNow();
  const synthetic = useSynthetic();
  const { is_synthetic } = synthetic;
  const incidents = useApi('listIncidents', counting(open_incidents, is_synthetic));
  const signals = useApi('listSignals', counting(open_signals, is_synthetic));
  const limits = useApi('listLimits', active_limits);
  const approvals = useApi('listApprovals', pending_approvals);
  const live = useApi('listLiveRuns', counting(live_runs, is_synthetic));
  const paused = useApi('listLiveRuns', counting(paused_runs, is_synthetic));
  const contained = useApi('listContainments', contained_now);
  const policies = useApi('listPolicies', active_policies);
  const in_shadow = useShadows(policies.data?.items ?? []);
  const { range, chosen, choose } = useRange(now);
  const { from, bucket } = range;
  const figures = useApi(
    'getMetrics',
    { query: { from, bucket, is_synthetic } },
    { ...seldom, refetchInterval: 30_000 },
  );
  if (synthetic.real?.total === 0 && synthetic.made?.total === 0) return <FirstSteps />;
  const matters = mattersOf(
    {
      incidents: (incidents.data?.items ?? []) as Group[],
      signals: signals.data?.items ?? [],
      approvals: approvals.data?.items ?? [],
      paused: paused.data?.items ?? [],
      contained: contained.data?.items ?? [],
      shadows: in_shadow.shadows,
    },
    now,
  );
  const asked = [incidents, signals, limits, approvals, live, paused, contained, policies, figures, in_shadow];
  const missing = asked.filter(({ isError }) => isError).length;
  return (
    <Page
      title="Overview"
      actions={
        <>
          <Choice label="Time of what was decided" of={range_names} chosen={chosen} onChoose={choose} />
          <OverviewElsewhere range={range} is_synthetic={is_synthetic} />
        </>
      }
    >
      <SyntheticLine of={synthetic} />
      <Columns>
        <Section title={matters.length > 0 ? `Needs attention (${matters.length})` : 'Needs attention'}>
          {incidents.isPending ? <Loading what="what needs attention" /> : <Matters of={matters} />}
          {missing > 0 && (
            <p className="quiet">
              {asked.length - missing} of {asked.length} sources loaded: this list may be incomplete.
            </p>
          )}
        </Section>
        <div className={styles.side}>
          <Now live={live} paused={paused} range={range} figures={figures} is_synthetic={is_synthetic} />
          <MoneyLimits limits={limits} policies={policies.data?.items ?? []} />
          <Enforcement range={range} figures={figures} is_synthetic={is_synthetic} />
        </div>
      </Columns>
    </Page>
  );
}

interface ElsewhereProps {
  range: Range;
  is_synthetic: 'all' | undefined;
}

const OverviewElsewhere = ({ range: { from, bucket }, is_synthetic }: ElsewhereProps) => (
  <ElsewhereMenu
    what="overview"
    of="getMetrics"
    input={{ query: { from, bucket, is_synthetic } }}
    command={commands.map((one) => (is_synthetic ? `${one} --synthetic` : one)).join('; ')}
    also={[
      pathFor('getOutcomes', { query: { from, bucket, is_synthetic } }),
      pathFor('listIncidents', counting(open_incidents, is_synthetic)),
      pathFor('listSignals', counting(open_signals, is_synthetic)),
      pathFor('listApprovals', pending_approvals),
      pathFor('listLiveRuns', counting(live_runs, is_synthetic)),
      pathFor('listLiveRuns', counting(paused_runs, is_synthetic)),
      pathFor('listContainments', contained_now),
      pathFor('listLimits', active_limits),
      pathFor('listPolicies', active_policies),
    ]}
  />
);

function Matters({ of }: { of: readonly Matter[] }) {
  if (of.length === 0)
    return (
      <p className="quiet">
        Nothing. Incidents, <Link href="/activity/signals">signals</Link>, approvals, paused runs, containments and
        policies in shadow are watched.
      </p>
    );
  return (
    <ol className={styles.matters}>
      {of.map(({ key, tone, glyph, word, text, href, act }, at) => (
        <li key={key}>
          <span className={styles.word}>
            <Status tone={tone} glyph={glyph}>
              {word}
            </Status>
          </span>
          <span className={styles.text} title={text}>
            <Said text={text} />
          </span>
          <Link href={href} aria-label={`${act}: ${text}`} className={at === 0 ? primaryLook : undefined}>
            {act}
          </Link>
        </li>
      ))}
    </ol>
  );
}
