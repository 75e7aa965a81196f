import { useParams } from 'wouter';
import { useApi } from '../../api.ts';
import { limitsOf } from '../../parts/limit-state.ts';
import { useLatestDecisions, useLimitStates } from '../../parts/limit-states.ts';
import { Pager } from '../../parts/Pager.tsx';
import { isCancelled } from '../../problem.ts';
import { Said } from '../../ui/Amount.tsx';
import { shortId } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { Json } from '../../ui/KeyValue.tsx';
import { Page } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Tabs } from '../../ui/Tabs.tsx';
import { useUrlWord } from '../../url-state.ts';
import { KilledNotice } from './KilledNotice.tsx';
import { PausedNotice } from './PausedNotice.tsx';
import styles from './Run.module.css';
import { RunApprovals } from './RunApproval.tsx';
import { RunChips, recordsOf } from './RunChips.tsx';
import { RunAbout, type RunDetail, RunFacts, useRunCommands } from './RunHead.tsx';
import { RunIncident, useRunIncidents } from './RunIncident.tsx';
import { RunLimits } from './RunLimits.tsx';
import { RunDecisions, RunLogs } from './RunLists.tsx';
import { RunTimeline } from './RunTimeline.tsx';
import { decidedOf, knownOf } from './run-decisions.ts';
import { useShownSteps, useSteps } from './run-steps.ts';
import { TimelineTools, useTools } from './TimelineTools.tsx';
import { useRunEvents } from './use-run-events.ts';

const decisions_read = 100;

/** One run: what it is, what governs it, and what it did step by step. */
export function Run() {
  const { id = '' } = useParams();
  const run = useApi('getRun', { params: { id } });
  const { buttons, dialog } = useRunCommands(run.data);
  const title = `Run ${shortId(id)}`;
  if (run.isPending)
    return (
      <Page title={title}>
        <Loading what="the run" />
      </Page>
    );
  if (!run.data)
    return (
      <Page title={title}>
        <Failed what="The run could not be loaded" error={run.error} onRetry={() => void run.refetch()} />
      </Page>
    );
  return (
    <div className={styles.page}>
      <Page
        title={title}
        heading={
          <span className={styles.name}>
            <Id id={id} />
          </span>
        }
        about={<RunAbout run={run.data} />}
        actions={
          <>
            <Pager />
            {buttons}
          </>
        }
        full
      >
        {run.error && <Failed what="What is shown is from before" error={run.error} />}
        <RunBody key={id} run={run.data} />
        {dialog}
      </Page>
    </div>
  );
}

function RunBody({ run }: { run: RunDetail }) {
  const { id } = run;
  const is_over = run.ended_at !== null;
  const read = useSteps(id);
  useRunEvents(run, () => isCancelled(read.error) || void read.more());
  const steps = useShownSteps(read.steps, run);
  const decisions = useLatestDecisions(id, decisions_read);
  const decided = decidedOf(decisions);
  const made = knownOf(decided);
  const incidents = useRunIncidents(run);
  const named = limitsOf(made.slice(0, 20));
  const limits = useLimitStates(named, is_over ? 30_000 : 5_000, is_over);
  const [tab] = useUrlWord('tab', 'timeline');
  const tools = useTools(steps);
  const at = (name: string) => ({ href: name === 'timeline' ? `/runs/${id}` : `?tab=${name}`, current: tab === name });
  return (
    <>
      <RunFacts run={run} steps={steps} />
      <RunChips run={run} decided={decided} incident={incidents[0]} />
      <RunIncident incidents={incidents} count={run.incident_ids.length} />
      <RunApprovals run_id={id} />
      {run.kill && <KilledNotice kill={run.kill} />}
      {run.pause && !is_over && <PausedNotice pause={run.pause} />}
      {run.failure && (
        <p style={{ color: 'var(--crit)' }}>
          <Said text={run.failure.message} />
        </p>
      )}
      <RunLimits decisions={decisions} limits={limits} is_over={is_over} />
      <Tabs
        label="Parts of the run"
        of={[
          { name: 'Timeline', ...at('timeline') },
          { name: 'Decisions', count: decisions.data?.total ?? undefined, ...at('decisions') },
          { name: 'Logs', count: recordsOf(run), ...at('logs') },
          { name: 'JSON', ...at('json') },
        ]}
      >
        {tab === 'timeline' && <TimelineTools tools={tools} />}
      </Tabs>
      {tab === 'decisions' && <RunDecisions run_id={id} />}
      {tab === 'logs' && <RunLogs run_id={id} />}
      {tab === 'json' && <Json value={run} label="The run" />}
      {tab === 'timeline' && (
        <RunTimeline
          run={run}
          read={read}
          steps={steps}
          tools={tools}
          decisions={made}
          is_ungoverned={typeof decided !== 'string' && named.length === 0}
        />
      )}
    </>
  );
}
