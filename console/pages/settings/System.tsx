import { Link } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { SettingsPage } from '../../parts/SettingsPage.tsx';
import { Status, type Tone } from '../../ui/Chip.tsx';
import { countText, durationText, exactText } from '../../ui/format.ts';
import type { GlyphName } from '../../ui/Glyph.tsx';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Panel, Section } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Instant, Time, useNow } from '../../ui/Time.tsx';
import { Contained } from './Contained.tsx';
import styles from './System.module.css';

type Health = Answer<'getSystem'>;
type ProcessFacts = NonNullable<Health['processes']>[number];

/** Whether the system itself is well, each part with its number and what would be too much. */
export function System() {
  const { data, error, isPending, refetch } = useApi('getSystem', {}, { refetchInterval: 5_000 });
  return (
    <SettingsPage
      title="System health"
      elsewhere={<ElsewhereMenu what="system" of="getSystem" input={{}} command="npx aos doctor" />}
    >
      <Contained />
      {isPending && <Loading what="the state of the system" />}
      {error && <Failed what="The system does not answer" error={error} onRetry={() => void refetch()} />}
      {data && (
        <>
          <Checks of={data} />
          {data.processes && <Processes of={data} processes={data.processes} />}
          <p className="quiet">
            Prometheus reads <a href="/metrics">/metrics</a>; orchestrators ask <a href="/health">/health</a> and{' '}
            <a href="/ready">/ready</a>. What happened stands in the <Link href="/logs/system">system log</Link>.
          </p>
        </>
      )}
    </SettingsPage>
  );
}

interface Check {
  name: string;
  is: 'ok' | 'warn' | 'crit';
  value: string;
  about: string;
}

const slow_ms = 100;
const skewed_ms = 2_000;
const slow_s = 0.025;
const old_hold_ms = 15 * 60_000;

function checksOf({ database, processes, queue, added }: Health, now_ms: number): Check[] {
  const hold_ms = queue.oldest_hold_at === null ? 0 : now_ms - Date.parse(queue.oldest_hold_at);
  return [
    {
      name: 'Database',
      is: database.answered_in_ms > slow_ms ? 'warn' : 'ok',
      value: `answers in ${durationText(database.answered_in_ms)}`,
      about: `PostgreSQL ${database.version}${database.size_bytes === null ? '' : `, ${bytesText(database.size_bytes)}`}. Without it every governed call is refused.`,
    },
    {
      name: 'Clock',
      is: Math.abs(database.clock_ahead_ms) > skewed_ms ? 'crit' : 'ok',
      value: `${Math.abs(database.clock_ahead_ms)} ms from the database`,
      about: 'Windows of limits begin and end by the clock of the database, on every process.',
    },
    ...(added === null ? [] : [evaluatorCheck(added)]),
    {
      name: 'Calls under way',
      is: hold_ms > old_hold_ms ? 'warn' : 'ok',
      value: `${exactText(Number(queue.open_holds))} holds`,
      about:
        queue.oldest_hold_at === null
          ? 'Nothing is reserved.'
          : `The oldest is ${durationText(Math.max(0, hold_ms))} old.`,
    },
    {
      name: 'Runs',
      is: 'ok',
      value: `${exactText(Number(queue.runs_running))} running, ${exactText(Number(queue.runs_queued))} queued`,
      about: 'Queued runs wait for a worker.',
    },
    {
      name: 'Deliveries',
      is: Number(queue.deliveries_dead) > 0 ? 'crit' : Number(queue.deliveries_pending) > 100 ? 'warn' : 'ok',
      value: `${exactText(Number(queue.deliveries_pending))} waiting, ${exactText(Number(queue.deliveries_dead))} given up`,
      about: 'Alerts that were given up stay in the list of deliveries until somebody tries again.',
    },
    ...(processes === null ? [] : [processesCheck(processes)]),
  ];
}

const withinText = (share: string, seconds: number | null): string =>
  seconds === null ? `${share} unknown` : `${share} ≤ ${durationText(seconds * 1000)}`;

function evaluatorCheck({ calls, p50_seconds, p95_seconds }: NonNullable<Health['added']>): Check {
  return {
    name: 'Evaluator',
    is: (p95_seconds ?? 0) > slow_s ? 'warn' : 'ok',
    value: Number(calls) === 0 ? 'no call yet' : `${withinText('p50', p50_seconds)}, ${withinText('p95', p95_seconds)}`,
    about: `Time added to ${countText(Number(calls))} calls of this process: deciding, reserving, settling.`,
  };
}

function processesCheck(processes: ProcessFacts[]): Check {
  const alive = processes.filter((of) => of.alive);
  return {
    name: 'Processes',
    is: alive.length === 0 ? 'crit' : new Set(alive.map((of) => of.version)).size > 1 ? 'warn' : 'ok',
    value: `${alive.length} alive`,
    about: 'Each beats every 5 seconds; one that is silent for 15 is taken as gone and its calls are settled.',
  };
}

const looks: Record<Check['is'], [Tone, GlyphName, string]> = {
  ok: ['ok', 'check', 'Well'],
  warn: ['warn', 'triangle', 'Look at it'],
  crit: ['crit', 'cross', 'Wrong'],
};

function Checks({ of }: { of: Health }) {
  const now_ms = useNow();
  return (
    <Panel>
      <ul className={styles.checks}>
        {checksOf(of, now_ms).map(({ name, is, value, about }) => {
          const [tone, glyph, word] = looks[is];
          return (
            <li key={name}>
              <Status tone={tone} glyph={glyph}>
                {word}
              </Status>
              <strong>{name}</strong>
              <span>{value}</span>
              <span className="quiet">{about}</span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function Processes({ of, processes }: { of: Health; processes: ProcessFacts[] }) {
  return (
    <Section
      title="Processes"
      aside={
        <span className="faint">
          version {of.version}, Node {of.node}
        </span>
      }
    >
      <div className={styles.processes}>
        {processes.map((one) => (
          <Panel key={one.id}>
            <KeyValue
              of={[
                ['Process', <Id key="id" id={one.id} />],
                [
                  'State',
                  <Status key="s" tone={one.alive ? 'ok' : 'neutral'} glyph={one.alive ? 'check' : 'circle'}>
                    {one.alive ? 'Alive' : 'Gone'}
                    {one.id === of.instance_id && ', answers this page'}
                  </Status>,
                ],
                ['Does', one.roles.split(',').join(', ')],
                ['Version', one.version],
                ['Started', <Instant key="at" at={one.started_at} />],
                ['Last beat', <Time key="beat" at={one.heartbeat_at} />],
              ]}
            />
          </Panel>
        ))}
      </div>
    </Section>
  );
}

function bytesText(bytes: number | string): string {
  const mega = Number(bytes) / 1_048_576;
  return mega < 1_024 ? `${Math.round(mega)} MB` : `${(mega / 1_024).toFixed(1)} GB`;
}
