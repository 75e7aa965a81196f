import { Link } from 'wouter';
import type { Item } from '../../api.ts';
import { IdLink } from '../../parts/Chips.tsx';
import { ListView } from '../../parts/ListView.tsx';
import { RecordView } from '../../parts/RecordView.tsx';
import { RoomTabs } from '../../parts/RoomTabs.tsx';
import { asker_facets } from '../../parts/run-columns.tsx';
import { hrefOf, stepHref } from '../../paths.ts';
import { Count, Money } from '../../ui/Amount.tsx';
import { Chip } from '../../ui/Chip.tsx';
import { shortId } from '../../ui/format.ts';
import { Hash } from '../../ui/Id.tsx';
import { Page } from '../../ui/Page.tsx';
import { Empty } from '../../ui/States.tsx';
import type { Column } from '../../ui/Table.tsx';
import { Instant } from '../../ui/Time.tsx';

type Row = Item<'listLlmRunRecords'>;

/** What stands in the panel of a row waits for a window of 1,440 pixels: hashes come before. */
const wide = 1_160;

const tokens = (value: number | null) =>
  value === null ? <span className="faint">–</span> : <Count value={value} of="tokens" />;

const columns: readonly Column<Row>[] = [
  { id: 'time', title: 'Time', width: '200px', cell: (row) => <Instant at={row.settled_at} /> },
  { id: 'run', title: 'Run', width: '109px', cell: (row) => <IdLink id={row.run_id} /> },
  {
    id: 'step',
    title: 'Step',
    width: '109px',
    from: wide,
    cell: (row) => (
      <Link href={stepHref(row.run_id, row.step_id)} title={row.step_id}>
        <code>{shortId(row.step_id)}</code>
      </Link>
    ),
  },
  {
    id: 'agent',
    title: 'Agent',
    spare: true,
    width: 'minmax(90px, 1fr)',
    cell: (row) => row.agent_slug ?? <span className="faint">none</span>,
  },
  {
    id: 'model',
    title: 'Provider / model',
    width: 'minmax(136px, 1fr)',
    cell: (row) => <span title={`${row.provider} / ${row.model}`}>{`${row.provider} / ${row.model}`}</span>,
  },
  { id: 'in', title: 'In', width: '42px', align: 'end', cell: (row) => tokens(row.input_tokens) },
  { id: 'out', title: 'Out', width: '42px', align: 'end', cell: (row) => tokens(row.output_tokens) },
  { id: 'cost', title: 'Cost', width: '72px', align: 'end', cell: (row) => <Money usd={row.cost_usd} /> },
  { id: 'status', title: 'Status', width: '70px', cell: (row) => row.execution_status },
  { id: 'source', title: 'Source', width: '60px', from: wide, cell: (row) => row.source },
  { id: 'prompt', title: 'Prompt', width: '62px', cell: (row) => <Hash hash={row.prompt_hash} /> },
  { id: 'response', title: 'Response', width: '62px', cell: (row) => <Hash hash={row.response_hash} /> },
  {
    id: 'synthetic',
    title: 'Synthetic',
    width: '82px',
    from: wide,
    cell: (row) => row.is_synthetic && <Chip title="Made by a demo or a scenario">synthetic</Chip>,
  },
];
const facets = [
  { name: 'status', label: 'Status', choices: ['succeeded', 'failed', 'cancelled', 'cut'] },
  ...asker_facets.map((facet) =>
    facet.name === 'source' ? { ...facet, choices: ['gateway', 'managed', 'reported'] } : facet,
  ),
  { name: 'run', label: 'Run' },
  { name: 'hash', label: 'Hash', takes_one: true },
  { name: 'from', label: 'From' },
  { name: 'to', label: 'Before' },
];

/** Every call of a model, as it was recorded once and for good. */
export function Calls() {
  return (
    <Page title="LLM runs" heading="Logs" full>
      <RoomTabs of="Logs" />
      <ListView
        of="listLlmRunRecords"
        label="LLM run records"
        noun="calls"
        facets={facets}
        example="agent:support-bot hash:8c1f03ab"
        counted={{ of: 'getLlmRunRecordFacets' }}
        log="llm_runs"
        span="24h"
        columns={columns}
        least={900}
        keyOf={(row) => row.id}
        openHref={(row) => hrefOf(row.id)}
        peek={(row) => <RecordView record={row} />}
        peekTitle={(row) => <code>{shortId(row.id)}</code>}
        empty={<Empty title="No call of a model has been recorded">Records appear when a call has ended.</Empty>}
      />
    </Page>
  );
}
