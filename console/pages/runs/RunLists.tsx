import { totalText } from '@aos/core/base/total.ts';
import { Link, useLocation } from 'wouter';
import type { Item } from '../../api.ts';
import { type List, useList } from '../../list.ts';
import { State } from '../../parts/words.tsx';
import { hrefOf, stepHref } from '../../paths.ts';
import { Count, Money, Said } from '../../ui/Amount.tsx';
import { durationText, shortId } from '../../ui/format.ts';
import { Hash } from '../../ui/Id.tsx';
import { Empty, Failed, Loading } from '../../ui/States.tsx';
import { type Column, Table } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

type DecisionRow = Item<'listRunDecisions'>;
type RecordRow = Item<'listLlmRunRecords'>;

const StepLink = ({ run_id, step_id }: { run_id: string; step_id: string }) => (
  <Link href={stepHref(run_id, step_id)} title={step_id}>
    <code>{shortId(step_id)}</code>
  </Link>
);

function reasonOf({ contributions, control_id }: DecisionRow): string {
  const by =
    contributions.find((of) => of.fired && of.control_id === control_id) ?? contributions.find((of) => of.fired);
  if (!by) return contributions.length === 0 ? 'No policy applied' : `${contributions.length} controls let it pass`;
  return `${by.mode === 'shadow' ? `In shadow, would ${by.action}: ` : ''}${by.policy_name}: ${by.reason}`;
}

const decision_columns: readonly Column<DecisionRow>[] = [
  { id: 'at', title: 'Decided', width: '220px', cell: (row) => <Instant at={row.decided_at} /> },
  { id: 'verdict', title: 'Verdict', width: '104px', cell: (row) => <State of="verdict" state={row.verdict} bare /> },
  {
    id: 'why',
    title: 'Why',
    width: 'minmax(280px, 1fr)',
    cell: (row) => (
      <span title={reasonOf(row)}>
        <Said text={reasonOf(row)} />
      </span>
    ),
  },
  {
    id: 'step',
    title: 'Step',
    width: '140px',
    cell: (row) => row.run_id && row.step_id && <StepLink run_id={row.run_id} step_id={row.step_id} />,
  },
  {
    id: 'decision',
    title: 'Decision',
    width: '140px',
    cell: (row) => (
      <Link href={hrefOf(row.id)} title={row.id}>
        <code>{shortId(row.id)}</code>
      </Link>
    ),
  },
];

const record_columns: readonly Column<RecordRow>[] = [
  { id: 'at', title: 'Settled', width: '220px', cell: (row) => <Instant at={row.settled_at} /> },
  {
    id: 'model',
    title: 'Provider / model',
    width: 'minmax(140px, 1fr)',
    cell: (row) => `${row.provider} / ${row.model}`,
  },
  { id: 'status', title: 'Status', width: '88px', cell: (row) => row.execution_status },
  {
    id: 'in',
    title: 'In',
    width: '64px',
    align: 'end',
    cell: (row) => <Count value={row.input_tokens ?? 0} of="tokens" />,
  },
  {
    id: 'out',
    title: 'Out',
    width: '64px',
    align: 'end',
    cell: (row) => <Count value={row.output_tokens ?? 0} of="tokens" />,
  },
  { id: 'cost', title: 'Cost', width: '88px', align: 'end', cell: (row) => <Money usd={row.cost_usd} /> },
  {
    id: 'took',
    title: 'Took',
    width: '72px',
    align: 'end',
    cell: (row) => durationText(Date.parse(row.settled_at) - Date.parse(row.admitted_at)),
  },
  { id: 'prompt', title: 'Request', width: '100px', cell: (row) => <Hash hash={row.prompt_hash} /> },
  { id: 'response', title: 'Response', width: '100px', cell: (row) => <Hash hash={row.response_hash} /> },
  { id: 'step', title: 'Step', width: '140px', cell: (row) => <StepLink run_id={row.run_id} step_id={row.step_id} /> },
];

/** Every decision of the run, plain allows too, newest first. */
export function RunDecisions({ run_id }: { run_id: string }) {
  const [, navigate] = useLocation();
  const list = useList('listRunDecisions', { params: { id: run_id } });
  return (
    <Table
      label="Decisions of the run"
      rows={list.rows}
      keyOf={(row) => row.id}
      columns={decision_columns}
      least={900}
      total={list.total}
      onOpen={(row) => navigate(hrefOf(row.id))}
      onEnd={list.onEnd}
      empty={<Nothing of={list} what="decisions" title="Nothing has been decided yet" />}
      footer={<Extent of={list} />}
    />
  );
}

/** The records of its calls. */
export function RunLogs({ run_id }: { run_id: string }) {
  const [, navigate] = useLocation();
  const list = useList('listLlmRunRecords', { query: { run: run_id, is_synthetic: 'all' } });
  return (
    <Table
      label="Records of the run"
      rows={list.rows}
      keyOf={(row) => row.id}
      columns={record_columns}
      least={1080}
      total={list.total}
      onOpen={(row) => navigate(stepHref(row.run_id, row.step_id))}
      onEnd={list.onEnd}
      empty={<Nothing of={list} what="records" title="No provider was called" />}
      footer={<Extent of={list} />}
    />
  );
}

/** How much of how much is here; of nothing the list itself tells. */
const Extent = ({
  of: { rows, total = null, total_at_least },
}: {
  of: Pick<List<unknown>, 'rows' | 'total' | 'total_at_least'>;
}) => (rows.length === 0 ? null : `1–${rows.length} of ${totalText({ total, total_at_least })}`);

function Nothing({
  of,
  what,
  title,
}: {
  of: Pick<ReturnType<typeof useList>, 'error' | 'isLoading' | 'retry'>;
  what: string;
  title: string;
}) {
  if (of.error) return <Failed what={`The ${what} could not be loaded`} error={of.error} onRetry={of.retry} />;
  return of.isLoading ? <Loading what={what} /> : <Empty title={title} />;
}
