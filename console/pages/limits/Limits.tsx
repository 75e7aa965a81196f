import { totalText } from '@aos/core/base/total.ts';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { fillOf, isOfRuns } from '../../parts/gauge.ts';
import { ListTools } from '../../parts/ListTools.tsx';
import { windowWords } from '../../parts/window-words.ts';
import { consequenceOf } from '../../parts/words.tsx';
import { id_shape } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { amountText, exactText, percentText, shortId } from '../../ui/format.ts';
import { Meter } from '../../ui/Meter.tsx';
import { Page, Section } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/States.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { Time } from '../../ui/Time.tsx';
import { useUrlFilters, useUrlWord } from '../../url-state.ts';
import { LimitPanel } from './LimitPanel.tsx';
import styles from './Limits.module.css';
import { facetsOf, filter_names, isAsked, type Narrowed } from './limit-filters.ts';
import { active_limits, type LimitLine, useLimitLines } from './limit-rows.ts';

const columns: readonly Column<LimitLine>[] = [
  {
    id: 'limit',
    title: 'Limit',
    width: 'minmax(150px, 1.6fr)',
    cell: ({ limit, gauge, others }) => (
      <div className={styles.limit} title={`${limit.policy_name}: ${limit.title}`}>
        <span className="cut">{limit.policy_name} </span>
        <span className="cut quiet">
          {limit.title.toLowerCase()}
          {gauge.subject !== '*' && <code> {subjectText(gauge.subject)}</code>}
          {others !== null && (
            <span className="faint" title="Of its newest balances the fullest is shown">
              {' '}
              and {others} others
            </span>
          )}
        </span>
      </div>
    ),
  },
  {
    id: 'target',
    title: 'For',
    width: 'minmax(96px, 1fr)',
    cell: ({ target }) => <span className={styles.whose}>{target}</span>,
  },
  {
    id: 'window',
    title: 'Window',
    width: '96px',
    cell: ({ limit, gauge }) => (
      <span className={styles.lines}>
        <span>{windowWords(limit.limit)}</span>
        {gauge.resets_at && (
          <span className="quiet">
            resets <Time at={gauge.resets_at} />
          </span>
        )}
      </span>
    ),
  },
  {
    id: 'spent',
    title: 'Spent',
    width: '72px',
    align: 'end',
    cell: ({ gauge }) => amountText(gauge.posted, gauge.unit),
  },
  {
    id: 'held',
    title: 'Reserved',
    width: '60px',
    align: 'end',
    cell: ({ gauge }) =>
      Number(gauge.pending) > 0 ? amountText(gauge.pending, gauge.unit) : <span className="faint">–</span>,
  },
  {
    id: 'left',
    title: 'Left',
    width: '72px',
    align: 'end',
    cell: ({ gauge }) => amountText(gauge.remaining, gauge.unit),
  },
  {
    id: 'share',
    title: 'Used',
    width: '116px',
    cell: ({ limit, gauge, share }) => {
      const { used, held, tone } = fillOf(gauge, limit);
      return (
        <span className={styles.share}>
          <Meter
            used={used}
            held={held}
            tone={tone}
            ticks={limit.alert_tiers.map((tier) => tier / 100)}
            label={limit.policy_name}
          />
          {percentText(share)}
        </span>
      );
    },
  },
  {
    id: 'empties',
    title: 'Empties',
    width: '88px',
    cell: ({ gauge, share }) => (
      <span className={styles.lines}>
        <Empties gauge={gauge} share={share} />
        {gauge.burn !== null && Number(gauge.burn) > 0 && (
          <span className="quiet">{amountText(Number(gauge.burn) * 60, gauge.unit)}/h</span>
        )}
      </span>
    ),
  },
  {
    id: 'then',
    title: 'Then',
    width: '96px',
    cell: ({ limit }) =>
      limit.mode === 'shadow' ? (
        <Status tone="shadow" glyph="flag" title="In shadow: it would, and does not">
          {consequenceOf(limit.action)}
        </Status>
      ) : (
        consequenceOf(limit.action)
      ),
  },
];

/** When nothing is left of it, if it goes on like this. */
function Empties({ gauge, share }: Pick<LimitLine, 'gauge' | 'share'>) {
  if (share >= 1)
    return (
      <Status tone="crit" glyph="square">
        full
      </Status>
    );
  if (!gauge.empties_at) return <span className="faint">lasts</span>;
  return (
    <Status tone="warn" glyph="triangle">
      <Time at={gauge.empties_at} />
    </Status>
  );
}

/** A balance in three lines, where a window is narrow. */
const folded = {
  below: 640,
  height: 84,
  cell: ({ limit, gauge, share, target }: LimitLine) => {
    const { used, held, tone } = fillOf(gauge, limit);
    return (
      <div style={{ display: 'grid', gap: 4 }}>
        <span className="cut">
          {limit.policy_name} <span className="quiet">{limit.title.toLowerCase()}</span>
        </span>
        <span className={styles.share}>
          <Meter used={used} held={held} tone={tone} label={limit.policy_name} />
          {percentText(share)}
        </span>
        <span className="quiet cut">
          {amountText(gauge.remaining, gauge.unit)} of {amountText(gauge.cap, gauge.unit)} left, {target},{' '}
          {limit.mode === 'shadow' ? 'would ' : ''}
          {consequenceOf(limit.action).toLowerCase()}
        </span>
      </div>
    );
  },
};

const narrowedOf = ({ limit, gauge, target }: LimitLine): Narrowed => ({
  unit: gauge.unit,
  window: windowWords(limit.limit),
  target,
  effect: consequenceOf(limit.action),
  tone: fillOf(gauge, limit).tone,
});

const subjectText = (subject: string): string => (id_shape.test(subject) ? shortId(subject) : subject);

/** Whether each limit lasts its period, and who uses it up. */
export function Limits() {
  const { lines, data, error, isPending, refetch } = useLimitLines();
  const [limit_id, setLimit] = useUrlWord('limit', '');
  const [subject, setSubject] = useUrlWord('subject', '');
  const [filters, setFilters] = useUrlFilters(filter_names);
  const narrowing = lines.map(narrowedOf);
  const shown = lines.filter((_, at) => isAsked(narrowing[at] as Narrowed, filters));
  const chosen =
    lines.find((of) => of.limit.id === limit_id && (subject === '' || of.gauge.subject === subject)) ??
    lines.find((of) => of.gauge.window.start !== null) ??
    lines[0];
  const choose = (of: LimitLine) => {
    setLimit(of.limit.id);
    setSubject(of.gauge.subject === '*' ? '' : of.gauge.subject);
  };
  return (
    <Page
      title="Limits & budgets"
      actions={<ListTools of="listLimits" input={{ query: active_limits }} label="Limits" />}
      full
    >
      {isPending && <Loading what="limits" />}
      {error && !data && <Failed what="The limits could not be loaded" error={error} onRetry={() => void refetch()} />}
      {data?.items.length === 0 && <NoLimit />}
      {chosen && <LimitPanel of={chosen} />}
      {lines.length > 0 && (
        <Section title="All limits">
          <span className="only-read">Enter shows the limit above</span>
          <Filters facets={facetsOf(narrowing)} values={filters} onChange={setFilters} />
        </Section>
      )}
      {lines.length > 0 && (
        <Table
          label="Limits"
          rows={shown}
          keyOf={({ key }) => key}
          columns={columns}
          least={900}
          height={48}
          folded={folded}
          peeked={chosen?.key}
          onOpen={choose}
          onPeek={choose}
          empty={
            <Empty title="No limit matches">
              <Button small onClick={() => setFilters({})}>
                Clear all filters
              </Button>
            </Empty>
          }
          footer={data && extentOf(shown.length, lines.length, data)}
        />
      )}
    </Page>
  );
}

/** How many balances of how many limits are listed, and what of both is not. */
function extentOf(shown: number, lines: number, { items, next_cursor, ...total }: Answer<'listLimits'>): string {
  const cut = items.filter((limit) => limit.next_cursor !== null && !isOfRuns(limit));
  return [
    `${shown < lines ? `${shown} of ` : ''}${lines} ${lines === 1 ? 'balance' : 'balances'} of ${items.length} ${items.length === 1 ? 'limit' : 'limits'}`,
    ...(cut.length > 0
      ? [
          `${cut.length === 1 ? 'one limit has' : `${cut.length} limits have`} more: of each the ${cut[0]?.items.length} fullest are listed`,
        ]
      : []),
    ...(next_cursor === null ? [] : [`the newest of ${totalText(total)} limits`]),
  ].join(' · ');
}

/** Whom nothing limits, counted, and the way to the first limit. */
function NoLimit() {
  const projects = useApi('listProjects', { query: { limit: 200 } });
  const open = (projects.data?.items ?? []).filter(({ retired_at }) => retired_at === null);
  const more = projects.data?.next_cursor ? '≥ ' : '';
  return (
    <Empty title="No numeric limits">
      <p>
        {open.length === 0 ? (
          'Spend is unlimited.'
        ) : (
          <>
            Spend is unlimited for{' '}
            <Link href="/settings/projects">
              {more}
              {exactText(open.length)} {open.length === 1 ? 'project' : 'projects'}
            </Link>
            .
          </>
        )}
      </p>
      <p>
        <Link href="/policies/new?template=daily-cap">Cap an agent per day</Link>
      </p>
    </Empty>
  );
}
