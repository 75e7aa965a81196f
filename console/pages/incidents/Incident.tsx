import { escalationText } from '@aos/core/activity/escalation-text.ts';
import { useState } from 'react';
import { useParams } from 'wouter';
import { type Answer, useApi } from '../../api.ts';
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
import { Said } from '../../ui/Amount.tsx';
import { Button, LinkButton } from '../../ui/Button.tsx';
import { shortId } from '../../ui/format.ts';
import { Id } from '../../ui/Id.tsx';
import { KeyValue } from '../../ui/KeyValue.tsx';
import { Columns, Page, Panel, Section } from '../../ui/Page.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Instant, Time } from '../../ui/Time.tsx';
import { useUrlWord } from '../../url-state.ts';
import { Evidence } from './Evidence.tsx';

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
        run={toId(data.source_run_id, '')}
        policy={toId(data.policy_url === null ? null : data.violation_policy_id, 'none had a part in it')}
        log={toId(data.record_id, 'no record: no provider was called')}
        decision={toId(data.decision_id, 'none')}
      />
      <Columns>
        <Story id={id} />
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

/** Who has it, who acknowledged it and until when; or what it turned out to be. */
function Standing({ of }: { of: IncidentObject }) {
  if (of.status === 'resolved')
    return (
      <span className="quiet">
        {causes.find(({ value }) => value === of.cause)?.name}: {of.resolution}
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
function Story({ id }: { id: string }) {
  const [level, setLevel] = useUrlWord('level', 'story');
  const story = useApi('listIncidentTimeline', { params: { id }, query: { level: 'story', limit: 200 } });
  const all = useApi('listIncidentTimeline', { params: { id }, query: { limit: 200 } });
  const shown = level === 'story' ? story : all;
  const more = (all.data?.total ?? 0) - (story.data?.total ?? 0);
  return (
    <Section
      title="Timeline"
      aside={
        level === 'story' ? (
          more > 0 && <LinkButton onClick={() => setLevel('all')}>Show everything ({all.data?.total})</LinkButton>
        ) : (
          <LinkButton onClick={() => setLevel('story')}>Show the story</LinkButton>
        )
      }
    >
      <Panel>
        {shown.isPending && <Loading what="the timeline" />}
        <Trouble what="The timeline could not be loaded" of={[shown]} />
        {shown.data && <Timeline entries={shown.data.items} own_id={id} />}
        {shown.data?.next_cursor && <p className="quiet">The first 200 of {shown.data.total} are shown.</p>}
      </Panel>
    </Section>
  );
}
