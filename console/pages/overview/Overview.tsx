import { Link } from 'wouter';
import { useApi } from '../../api.ts';
import { Said } from '../../ui/Amount.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Columns, Page, Section } from '../../ui/Page.tsx';
import { Loading } from '../../ui/States.tsx';
import { useNow } from '../../ui/Time.tsx';
import { type Matter, mattersOf } from './attention.ts';
import { Enforcement } from './Enforcement.tsx';
import { FirstSteps } from './FirstSteps.tsx';
import { MoneyLimits } from './MoneyLimits.tsx';
import { Now } from './Now.tsx';
import styles from './Overview.module.css';

const seldom = { staleTime: 30_000 } as const;

/** Is anything out of control right now, and what must be done? */
export function Overview() {
  const now = useNow();
  const ever = useApi('listRuns', { query: { limit: 1, is_synthetic: 'all' } });
  const incidents = useApi('listIncidents', { query: { status: 'open', limit: 200 } });
  const signals = useApi('listSignals', { query: { status: 'open', limit: 200 } });
  const limits = useApi('listLimits', { query: { status: 'active', limit: 200 } });
  const approvals = useApi('listApprovals', { query: { status: 'pending', limit: 50 } });
  const live = useApi('listLiveRuns', { query: { limit: 200 } });
  const policies = useApi('listPolicies', { query: { status: 'active', limit: 200 } });
  const day = useApi('getMetrics', {}, { ...seldom, refetchInterval: 30_000 });
  if (ever.data?.items.length === 0) return <FirstSteps />;
  const matters = mattersOf(
    {
      incidents: incidents.data?.items ?? [],
      signals: signals.data?.items ?? [],
      approvals: approvals.data?.items ?? [],
      paused: (live.data?.items ?? []).filter(({ hold }) => hold === 'paused'),
      policies: policies.data?.items ?? [],
    },
    now,
  );
  const asked = [incidents, signals, limits, approvals, live, policies, day];
  const missing = asked.filter(({ isError }) => isError).length;
  return (
    <Page title="Overview">
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
          <Now live={live.data} day={day.data} />
          <MoneyLimits limits={limits.data?.items ?? []} policies={policies.data?.items ?? []} />
          <Enforcement day={day.data} />
        </div>
      </Columns>
    </Page>
  );
}

function Matters({ of }: { of: readonly Matter[] }) {
  if (of.length === 0)
    return (
      <p className="quiet">
        Nothing. Incidents, <Link href="/activity/signals">signals</Link>, approvals, paused runs and policies in shadow
        are watched.
      </p>
    );
  return (
    <ol className={styles.matters}>
      {of.map(({ key, tone, glyph, word, text, href, act }) => (
        <li key={key}>
          <span className={styles.word}>
            <Status tone={tone} glyph={glyph}>
              {word}
            </Status>
          </span>
          <span className="cut" title={text}>
            <Said text={text} />
          </span>
          <Link href={href} aria-label={`${act}: ${text}`}>
            {act}
          </Link>
        </li>
      ))}
    </ol>
  );
}
