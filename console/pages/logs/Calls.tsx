import { Link } from 'wouter';
import type { Item } from '../../api.ts';
import { IdLink } from '../../parts/Chips.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { LogTabs } from '../../parts/LogTabs.tsx';
import { RecordView } from '../../parts/RecordView.tsx';
import { run_facets } from '../../parts/run-columns.tsx';
import { hrefOf, stepHref } from '../../paths.ts';
import { Count, Money } from '../../ui/Amount.tsx';
import { shortId } from '../../ui/format.ts';
import { Hash } from '../../ui/Id.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

type Row = Item<'listLlmRunRecords'>;

const tokens = (value: number | null) =>
  value === null ? <span className="faint">–</span> : <Count value={value} of="tokens" />;

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '220px', cell: (row) => <Instant at={row.settled_at} /> },
  {
    id: 'model',
    title: 'Provider / model',
    width: 'minmax(140px, 1fr)',
    cell: (row) => `${row.provider} / ${row.model}`,
  },
  {
    id: 'agent',
    title: 'Agent',
    width: 'minmax(90px, 1fr)',
    cell: (row) => row.agent_slug ?? <span className="faint">none</span>,
  },
  { id: 'run', title: 'Run', width: '132px', cell: (row) => <IdLink id={row.run_id} /> },
  {
    id: 'step',
    title: 'Step',
    width: '132px',
    cell: (row) => (
      <Link href={stepHref(row.run_id, row.step_id)}>
        <code>{shortId(row.step_id)}</code>
      </Link>
    ),
  },
  { id: 'in', title: 'In', width: '56px', align: 'end', cell: (row) => tokens(row.input_tokens) },
  { id: 'out', title: 'Out', width: '56px', align: 'end', cell: (row) => tokens(row.output_tokens) },
  { id: 'cost', title: 'Cost', width: '96px', align: 'end', cell: (row) => <Money usd={row.cost_usd} /> },
  { id: 'status', title: 'Status', width: '88px', cell: (row) => row.execution_status },
  { id: 'prompt', title: 'Prompt', width: '96px', cell: (row) => <Hash hash={row.prompt_hash} /> },
  { id: 'response', title: 'Response', width: '96px', cell: (row) => <Hash hash={row.response_hash} /> },
];
const facets = [
  { name: 'status', label: 'Status', choices: ['succeeded', 'failed', 'cancelled', 'cut'] },
  ...run_facets.map((facet) =>
    facet.name === 'source' ? { ...facet, choices: ['gateway', 'managed', 'reported'] } : facet,
  ),
  { name: 'run', label: 'Run' },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** Every call of a model, as it was recorded once and for good. */
export function Calls() {
  return (
    <Page title="LLM runs" heading="Logs" full>
      <LogTabs />
      <ListView
        of="listLlmRunRecords"
        label="LLM run records"
        noun="calls"
        facets={facets}
        columns={columns}
        least={1280}
        keyOf={(row) => row.id}
        openHref={(row) => hrefOf(row.id)}
        peek={(row) => <RecordView record={row} />}
        peekTitle={(row) => <code>{shortId(row.id)}</code>}
        empty={<Empty title="No call of a model has been recorded">Records appear when a call has ended.</Empty>}
      />
    </Page>
  );
}
