import type { ReactNode } from 'react';
import { Redirect, useParams } from 'wouter';
import { type Input, type Name, useApi } from '../api.ts';
import { AlertView } from '../parts/AlertView.tsx';
import { LedgerView } from '../parts/LedgerView.tsx';
import { RecordView } from '../parts/RecordView.tsx';
import { SystemRecordView } from '../parts/SystemRecordView.tsx';
import { hrefOf } from '../paths.ts';
import { shortId } from '../ui/format.ts';
import { Id } from '../ui/Id.tsx';
import { Json } from '../ui/KeyValue.tsx';
import { Page, Panel } from '../ui/Page.tsx';
import { Failed, Loading } from '../ui/States.tsx';
import { NotFound } from './NotFound.tsx';

/** What has no page of its own: its name, and where the API has it. */
const objects: Readonly<Record<string, readonly [string, Name]>> = {
  rec: ['Record', 'getLlmRunRecord'],
  evt: ['Ledger entry', 'getLedgerEntry'],
  prj: ['Project', 'getProject'],
  agt: ['Agent', 'getAgent'],
  act: ['Actor', 'getActor'],
  key: ['Key', 'getApiKey'],
  pvd: ['Provider', 'getProvider'],
  sto: ['Containment', 'getContainment'],
  apr: ['Approval', 'getApproval'],
  ctl: ['Limit', 'getLimitState'],
  usr: ['Member', 'getMember'],
  chn: ['Alert channel', 'getChannel'],
  alr: ['Alert', 'getAlert'],
  dlv: ['Delivery', 'getDelivery'],
};

/** Leads any id to what it names. */
export function Go() {
  const { id = '' } = useParams();
  if (!hrefOf(id).startsWith('/go/')) return <Redirect to={hrefOf(id)} replace />;
  const known = objects[id.slice(0, 3)];
  if (!known) return <NotFound />;
  return known[1] === 'getLedgerEntry' ? (
    <Event key={id} id={id} />
  ) : (
    <Shown key={id} id={id} name={known[0]} of={known[1]} />
  );
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

function Shown({ id, name, of }: { id: string; name: string; of: Name }) {
  const entry = useApi(of, { params: { id } } as Input<Name>);
  const title = `${name} ${shortId(id)}`;
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
