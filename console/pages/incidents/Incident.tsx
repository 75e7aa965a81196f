import { escalationText } from '@aos/core/activity/escalation-text.ts';
import { totalText } from '@aos/core/base/total.ts';
import { useState } from 'react';
import { Link, useParams } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
import { useList } from '../../list.ts';
import { Chips, toId } from '../../parts/Chips.tsx';
import { ElsewhereMenu } from '../../parts/ElsewhereMenu.tsx';
import { AssignDialog, causes, ReopenDialog, ResolveDialog, SnoozeDialog } from '../../parts/IncidentDialogs.tsx';
import { useIncidentActs } from '../../parts/incident-acts.ts';
import { useKeys } from '../../parts/keys.ts';
import { Pager } from '../../parts/Pager.tsx';
import { useMay } from '../../parts/session.ts';
import { Timeline } from '../../parts/Timeline.tsx';
import { Trouble } from '../../parts/Trouble.tsx';
import { plainWords, State } from '../../parts/words.tsx';
import { hrefOf, stepHref } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { exactText, shortId } from '../../ui/format.ts';
import { copyText, Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Columns, Page, Panel, Section } from '../../ui/Page.tsx';
import { Failed, Loading, LoadingMore } from '../../ui/States.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { useUrlWord } from '../../url-state.ts';
import { Evidence } from './Evidence.tsx';
import { markdownOf } from './incident-markdown.ts';

type IncidentObject = Answer<'getIncident'>;

/** What happened, what proves it, and what was done. */
export function Incident() {
  const { id = '' } = useParams();
  const incident = useApi('getIncident', { params: { id } });
  const title = `Incident ${shortId(id)}`;
  if (incident.isPending)
    return (
      <Page title={title}>
        <Loading what="the incident" />
      </Page>
    );
  if (!incident.data)
    return (
      <Page title={title}>
        <Failed
          what="The incident could not be loaded"
          error={incident.error}
          onRetry={() => void incident.refetch()}
        />
      </Page>
    );
  const { data } = incident;
  return (
    <Page
      title={title}
      heading={<Said text={data.title} />}
      about={
        <>
          <Id id={id} />
          <State of="severity" state={data.severity} />
          <State of="incident" state={data.status} />
          <Standing of={data} />
        </>
      }
      actions={
        <>
          <Pager />
          <Actions of={data} />
          <ElsewhereMenu
            what="incident"
            of="getIncident"
            input={{ params: { id } }}
            command={`npx aos incidents show ${id}`}
          />
        </>
      }
    >
      <Trouble what="The incident could not be loaded again" of={[incident]} />
      <Chips
        run={{ href: stopHref(data), text: <code>{shortId(data.source_run_id)}</code> }}
        policy={toId(data.policy_url === null ? null : data.violation_policy_id, 'none had a part in it')}
        log={toId(data.record_id, 'no record: no provider was called')}
        decision={toId(data.decision_id, 'none')}
      />
      <Columns>
        <Story of={data} />
        <div style={{ display: 'grid', gap: 16 }}>
          <Evidence of={data} />
          <Section title="Facts">
            <Panel>
              <KeyValue
                of={[
                  ['Category', plainWords(data.category)],
                  ['Policy', data.policy_name],
                  ['Agent', data.agent_slug],
                  ['Actor', data.actor_slug],
                  ['Owner', data.owner],
                  ['Occurrences', data.occurrences],
                  ['Opened', <Instant key="o" at={data.opened_at} />],
                  ['Last', <Instant key="l" at={data.last_occurred_at} />],
                ]}
              />
            </Panel>
          </Section>
        </div>
      </Columns>
    </Page>
  );
}

/** Its run at the step that its decision stopped. */
function stopHref({ source_run_id, decision_id, violations }: IncidentObject): string {
  const step_id = violations.find((of) => of.decision_id === decision_id)?.step_id;
  return step_id ? stepHref(source_run_id, step_id) : hrefOf(source_run_id);
}

/** Who has it, who acknowledged it and until when; or what it turned out to be. */
function Standing({ of }: { of: IncidentObject }) {
  if (of.status === 'resolved')
    return (
      <span className="quiet">
        {causes.find(({ value }) => value === of.cause)?.name}: {of.resolution}{' '}
        {of.cause === 'wrong_limit' && of.policy_url !== null && (
          <Link href={`${hrefOf(of.violation_policy_id)}/edit`}>Change its policy</Link>
        )}
      </span>
    );
  return (
    <span className="quiet">
      {of.status !== 'acknowledged' || of.acknowledged_by === null ? (
        `${of.owner ?? 'Nobody'} looks after it`
      ) : (
        <>
          Acknowledged by {of.acknowledged_by_name ?? shortId(of.acknowledged_by)}
          {of.acknowledged_until && (
            <>
              , open again <Time at={of.acknowledged_until} />
              {of.escalates && ` or when it escalates (${escalationText(of.escalates)})`}
            </>
          )}
          {of.owner && `; ${of.owner} looks after it`}
        </>
      )}
    </span>
  );
}

type Asking = 'resolve' | 'assign' | 'reopen' | 'snooze';

function Actions({ of }: { of: IncidentObject }) {
  const may = useMay('operate');
  const { act, busy } = useIncidentActs();
  const [asking, setAsking] = useState<Asking | null>(null);
  const which = { ids: [of.id] };
  const close = () => setAsking(null);
  const acknowledge = () => act(which, { kind: 'acknowledge', hours: 4 }, 'Acknowledged for 4 h', { undo: true });
  const can = { acknowledge: of.status === 'open', resolve: of.status !== 'resolved', reopen: of.status !== 'open' };
  useKeys({
    e: () => may && can.acknowledge && acknowledge(),
    r: () => may && can.resolve && setAsking('resolve'),
  });
  const title = may ? undefined : 'Your key may read incidents, not change them';
  const about = of.title;
  return (
    <>
      {can.acknowledge && (
        <Button kind="primary" hint="e" disabled={!may || busy} title={title} onClick={acknowledge}>
          Acknowledge
        </Button>
      )}
      {can.acknowledge && (
        <Button disabled={!may} title={title} onClick={() => setAsking('snooze')}>
          Snooze…
        </Button>
      )}
      {can.resolve && (
        <Button hint="r" disabled={!may} title={title} onClick={() => setAsking('resolve')}>
          Resolve…
        </Button>
      )}
      {can.resolve && (
        <Button disabled={!may} title={title} onClick={() => setAsking('assign')}>
          Assign…
        </Button>
      )}
      {can.reopen && (
        <Button disabled={!may} title={title} onClick={() => setAsking('reopen')}>
          Open again…
        </Button>
      )}
      {asking === 'snooze' && <SnoozeDialog which={which} about={about} onClose={close} />}
      {asking === 'resolve' && <ResolveDialog which={which} about={about} onClose={close} />}
      {asking === 'assign' && <AssignDialog which={which} about={about} owner={of.owner} onClose={close} />}
      {asking === 'reopen' && <ReopenDialog which={which} about={about} onClose={close} />}
    </>
  );
}

/** The story first; everything on demand. */
function Story({ of }: { of: IncidentObject }) {
  const { id } = of;
  const toast = useToast();
  const [level, setLevel] = useUrlWord('level', 'story');
  const story = useList('listIncidentTimeline', { params: { id }, query: { level: 'story' } });
  const all = useList('listIncidentTimeline', { params: { id } });
  const shown = level === 'story' ? story : all;
  const more = (all.total ?? 0) - (story.total ?? 0);
  return (
    <Section
      title="Timeline"
      aside={
        <span style={{ display: 'flex', gap: 16 }}>
          {level !== 'story' && <LinkButton onClick={() => setLevel('story')}>Show the story</LinkButton>}
          {level === 'story' && more > 0 && (
            <LinkButton onClick={() => setLevel('all')}>Show everything ({all.total})</LinkButton>
          )}
          <LinkButton onClick={() => void copyText(markdownOf(of, shown.rows)).then(() => toast('Copied as Markdown'))}>
            Copy as Markdown
          </LinkButton>
        </span>
      }
    >
      <Panel>
        {shown.isLoading && <Loading what="the timeline" />}
        {shown.rows.length > 0 && <Timeline entries={shown.rows} own_id={id} />}
        {shown.error && <Failed what="The timeline could not be loaded" error={shown.error} onRetry={shown.retry} />}
        {shown.onEnd && (
          <p className="quiet">
            The first {exactText(shown.rows.length)} of {totalText({ ...shown, total: shown.total ?? null })} are shown.{' '}
            <Button small onClick={shown.onEnd}>
              Show more
            </Button>
          </p>
        )}
        {shown.is_reading_on && <LoadingMore what="more of the timeline" />}
      </Panel>
    </Section>
  );
}
