import { naming } from '@aos/core/activity/named.ts';
import type { ReactNode } from 'react';
import { Redirect, useParams } from 'wouter';
import { type Answer, type Input, type Name, useApi } from '../api.ts';
import { AlertView } from '../parts/AlertView.tsx';
import { LedgerView } from '../parts/LedgerView.tsx';
import { RecordView } from '../parts/RecordView.tsx';
import { SystemRecordView } from '../parts/SystemRecordView.tsx';
import { hrefOf, stepHref } from '../paths.ts';
import { shortId } from '../ui/format.ts';
import { Id } from '../ui/Id.tsx';
import { Json } from '../ui/KeyValue.tsx';
import { Page, Panel } from '../ui/Page.tsx';
import { Failed, Loading } from '../ui/States.tsx';
import { NotFound } from './NotFound.tsx';

interface Found {
  name: string;
  /** Where the API has it. */
  of: Name;
  id: string;
  /** Where it can be seen and acted on; absent: it is shown here. */
  hrefOf?: (found: unknown) => string;
}

const shownHere = (id: string, name: string, of: Name): Found => ({ name, of, id });

const leadsTo = <N extends Name>(id: string, name: string, of: N, hrefOf: (found: Answer<N>) => string): Found => ({
  ...{ name, of, id },
  hrefOf: (found) => hrefOf(found as Answer<N>),
});

/** A list in which an id is found whatever the project it belongs to. */
const searched =
  (list: string) =>
  ({ id }: { id: string }): string =>
    `/settings/${list}?q=${id}&peek=${id}`;

const peeked =
  (list: string) =>
  ({ id }: { id: string }): string =>
    `/settings/${list}?peek=${id}`;

/** What has no page of its own, by the prefix of its id: it stands in a list, or is shown as it is. */
const objects: Readonly<Record<string, (id: string) => Found>> = {
  rec: (id) => shownHere(id, 'Record', 'getLlmRunRecord'),
  evt: (id) => shownHere(id, 'Ledger entry', 'getLedgerEntry'),
  sto: (id) => shownHere(id, 'Containment', 'getContainment'),
  alr: (id) => shownHere(id, 'Alert', 'getAlert'),
  prj: (id) => leadsTo(id, 'Project', 'getProject', peeked('projects')),
  pvd: (id) => leadsTo(id, 'Provider', 'getProvider', peeked('providers')),
  chn: (id) => leadsTo(id, 'Alert channel', 'getChannel', peeked('channels')),
  usr: (id) => leadsTo(id, 'Member', 'getMember', () => '/settings/members'),
  agt: (id) => leadsTo(id, 'Agent', 'getAgent', searched('agents')),
  key: (id) => leadsTo(id, 'Key', 'getApiKey', searched('api-keys')),
  act: (id) =>
    leadsTo(id, 'Actor', 'getActor', ({ slug }) => `/activity/completed?actor=${encodeURIComponent(naming(slug))}`),
  apr: (id) => leadsTo(id, 'Approval', 'getApproval', ({ run_id }) => hrefOf(run_id)),
  ctl: (id) => leadsTo(id, 'Limit', 'getLimitState', () => `/limits?limit=${id}`),
  dlv: (id) =>
    leadsTo(id, 'Delivery', 'getDelivery', ({ alert_id, channel_id }) => {
      const among = alert_id === null ? `channel_id=${channel_id}` : `alert_id=${alert_id}`;
      return `/settings/deliveries?${among}&peek=${id}`;
    }),
  // The step and the decision of one call share what follows the prefix.
  stp: (id) =>
    leadsTo(id.replace(/^stp/, 'dec'), 'Step', 'getDecision', ({ run_id }) =>
      run_id === null ? `/d/${id.replace(/^stp/, 'dec')}` : stepHref(run_id, id),
    ),
};

/** Leads any id to what it names. */
export function Go() {
  const { id = '' } = useParams();
  if (!hrefOf(id).startsWith('/go/')) return <Redirect to={hrefOf(id)} replace />;
  const known = objects[id.slice(0, 3)]?.(id);
  if (!known) return <NotFound />;
  return known.of === 'getLedgerEntry' ? <Event key={id} id={id} /> : <Shown key={id} {...known} />;
}

/** An event is in the ledger or of the system: its id does not tell. */
function Event({ id }: { id: string }) {
  const entry = useApi('getLedgerEntry', { params: { id } });
  return entry.isError && entry.error.status === 404 ? (
    <Shown id={id} name="System record" of="getSystemRecord" />
  ) : (
    <Shown id={id} name="Ledger entry" of="getLedgerEntry" />
  );
}

function Shown({ id, name, of, hrefOf }: Found) {
  const entry = useApi(of, { params: { id } } as Input<Name>);
  const title = `${name} ${shortId(id)}`;
  if (hrefOf && entry.data !== undefined) return <Redirect to={hrefOf(entry.data)} replace />;
  return (
    <Page title={title} heading={name} about={<Id id={id} />}>
      {entry.isPending && <Loading what={`the ${name.toLowerCase()}`} />}
      {entry.isError && <Failed what={`${name} not found`} error={entry.error} onRetry={() => void entry.refetch()} />}
      {entry.data !== undefined && <Panel>{shown(of, entry.data)}</Panel>}
    </Page>
  );
}

function shown(of: Name, data: unknown): ReactNode {
  if (of === 'getLlmRunRecord') return <RecordView record={data as Parameters<typeof RecordView>[0]['record']} />;
  if (of === 'getSystemRecord')
    return <SystemRecordView record={data as Parameters<typeof SystemRecordView>[0]['record']} />;
  if (of === 'getLedgerEntry') return <LedgerView entry={data as Parameters<typeof LedgerView>[0]['entry']} />;
  if (of === 'getAlert') return <AlertView of={data as Parameters<typeof AlertView>[0]['of']} />;
  return <Json value={data} label="The object" />;
}
