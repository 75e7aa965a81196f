import type { Item } from '../api.ts';
import { id_shape } from '../paths.ts';
import { Said } from '../ui/Amount.tsx';
import { Id } from '../ui/Id.tsx';
import { Json, KeyValue } from '../ui/KeyValue.tsx';
import { Instant } from '../ui/Time.tsx';
import { IdLink } from './Chips.tsx';
import { Named, WhoActed } from './WhoActed.tsx';

/** An entry of the ledger with what changed, member by member. */
export function LedgerView({ entry }: { entry: Item<'listLedgerEntries'> }) {
  const changes = changesOf(entry.before, entry.after);
  return (
    <>
      <KeyValue
        of={[
          ['Entry', <Id key="id" id={entry.id} />],
          ['At', <Instant key="at" at={entry.occurred_at} />],
          ['Event', entry.event],
          ['Actor', <WhoActed key="by" of={entry} />],
          ['Object', id_shape.test(entry.object_id) ? <IdLink key="object" id={entry.object_id} /> : entry.object_id],
          ['Run', entry.run_id && <IdLink key="run" id={entry.run_id} />],
          ['Reason', entry.reason && <Said key="reason" text={entry.reason} />],
          ['Request', entry.request_id && <Id key="request" id={entry.request_id} />],
          ['Key', entry.api_key_id && <Named key="key" id={entry.api_key_id} name={entry.api_key_name} />],
          ['Written', <Instant key="written" at={entry.recorded_at} />],
        ]}
      />
      {changes.length > 0 && (
        <>
          <h3>What changed</h3>
          <KeyValue of={changes.map(([name, from, to]) => [name, `${from} → ${to}`] as const)} />
        </>
      )}
      <Json value={entry} label="The entry" />
    </>
  );
}

/** The members that differ, as short text; an object that is new has none. */
function changesOf(before: unknown, after: unknown): [string, string, string][] {
  if (!isObject(before) || !isObject(after)) return [];
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name): [string, string, string] => [name, textOf(before[name]), textOf(after[name])])
    .filter(([, from, to]) => from !== to);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function textOf(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'absent');
  return text.length > 120 ? `${text.slice(0, 120)}…` : text;
}
