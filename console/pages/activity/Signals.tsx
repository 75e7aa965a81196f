import { useState } from 'react';
import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { useList } from '../../list.ts';
import { ListTools } from '../../parts/ListTools.tsx';
import { Loosening } from '../../parts/Loosening.tsx';
import { RangeBar } from '../../parts/RangeBar.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { type SignalRow, SuppressDialog, useAcknowledge } from '../../parts/SignalDialogs.tsx';
import { useMay } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { useTimeRange } from '../../parts/time-range.ts';
import { Button } from '../../ui/Button.tsx';
import { Filters } from '../../ui/Filters.tsx';
import { Page, Section } from '../../ui/Page.tsx';
import { Empty, Failed, Loading } from '../../ui/States.tsx';
import { useUrlFilters, useUrlWord } from '../../url-state.ts';
import { SignalCard } from './SignalCard.tsx';
import styles from './Signals.module.css';

type Watching = Answer<'listSignals'>['watching'];

const names = ['status', 'type', 'agent', 'project', 'from', 'to'];
const states = ['open', 'acknowledged', 'suppressed', 'resolved'];

/** What deserves a look before it becomes an incident. `?signal=` shows one alone. */
export function Signals() {
  const [only, setOnly] = useUrlWord('signal', '');
  return (
    <Page title="Signals" heading="Activity">
      <RoomTabs of="Activity" />
      {only === '' ? <List /> : <One id={only} onAll={() => setOnly('')} />}
    </Page>
  );
}

function List() {
  const [values, setValues] = useUrlFilters(names);
  const range = useTimeRange(values);
  const query = { ...range.query, ...values, status: values.status?.length ? values.status : ['open'] };
  const list = useList('listSignals', { query });
  const watched = useApi('listSignals', { query: { status: 'open', limit: 1 } }, { staleTime: 60_000 });
  const watching = watched.data?.watching ?? [];
  const narrowed = range.query.from !== undefined || Object.values(values).some((chosen) => chosen.length > 0);
  return (
    <>
      <div style={{ display: 'flex', gap: 12, alignItems: 'center' }}>
        <div style={{ flex: 1 }}>
          <Filters facets={facetsOf(watching)} values={values} onChange={setValues} />
        </div>
        <ListTools of="listSignals" input={{ query }} label="Signals" />
      </div>
      <RangeBar label="First seen" range={range} values={values} onChange={setValues} tail={undefined} />
      {list.isLoading && <Loading what="signals" />}
      {list.error && <Failed what="Signals could not be loaded" error={list.error} onRetry={list.retry} />}
      <Groups signals={list.rows} watching={watching} />
      {list.onEnd && <Button onClick={list.onEnd}>Show more</Button>}
      {!list.isLoading && !list.error && list.rows.length === 0 && (
        <Empty title={narrowed ? 'Nothing matches' : 'No signals'}>
          {narrowed ? (
            <Loosening
              of="listSignals"
              query={{}}
              values={values}
              within={range.query}
              onAllTime={range.setSpan}
              onChange={setValues}
            />
          ) : (
            <p>What was dealt with, or has passed, is found by its state.</p>
          )}
        </Empty>
      )}
      <Watched watching={watching} />
    </>
  );
}

const facetsOf = (watching: Watching) => [
  { name: 'agent', label: 'Agent' },
  { name: 'status', label: 'State', choices: states },
  { name: 'type', label: 'Type', choices: watching.map(({ type }) => type) },
  { name: 'project', label: 'Project' },
];

function One({ id, onAll }: { id: string; onAll: () => void }) {
  const signal = useApi('getSignal', { params: { id } });
  const watched = useApi('listSignals', { query: { limit: 1 } }, { staleTime: 60_000 });
  if (signal.isPending) return <Loading what="the signal" />;
  if (!signal.data)
    return <Failed what="Signal not found" error={signal.error} onRetry={() => void signal.refetch()} />;
  return (
    <>
      <Trouble what="The signal could not be loaded again" of={[signal]} />
      <Groups signals={[signal.data]} watching={watched.data?.watching ?? []} />
      <p>
        <Button onClick={onAll}>Show all signals</Button>
      </p>
    </>
  );
}

/** Cards by type, in the order in which the types are watched. */
function Groups({ signals, watching }: { signals: readonly SignalRow[]; watching: Watching }) {
  const may = useMay('operate');
  const { acknowledge, busy } = useAcknowledge();
  const [suppressing, setSuppressing] = useState<SignalRow | null>(null);
  const groups = watching
    .map((of) => ({ ...of, signals: signals.filter(({ type }) => type === of.type) }))
    .filter((of) => of.signals.length > 0);
  return (
    <>
      {groups.map(({ type, title, watches, template, signals: of_type }) => (
        <Section key={type} title={`${title} (${of_type.length})`}>
          <p className="quiet">{watches}.</p>
          <ul className={styles.list}>
            {of_type.map((signal) => (
              <SignalCard
                key={signal.id}
                signal={signal}
                template={template}
                may={may}
                busy={busy}
                onAcknowledge={() => acknowledge(signal)}
                onSuppress={() => setSuppressing(signal)}
              />
            ))}
          </ul>
        </Section>
      ))}
      {suppressing && <SuppressDialog signal={suppressing} onClose={() => setSuppressing(null)} />}
    </>
  );
}

/** Everything that is watched, with the numbers at which it becomes a signal. */
function Watched({ watching }: { watching: Watching }) {
  if (watching.length === 0) return null;
  return (
    <details className={styles.watching}>
      <summary>Watching {watching.length} conditions</summary>
      <dl>
        {watching.map(({ type, title, watches, is_full }) => (
          <div key={type} style={{ display: 'contents' }}>
            <dt>
              <Link href={`/activity/signals?type=${type}`}>{title}</Link>
            </dt>
            <dd className="quiet">
              {watches}.{is_full && ' As many as are kept at a time are open: more may hold.'}
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
