import type { Item } from '../api.ts';
import { stepHref } from '../paths.ts';
import { Money } from '../ui/Amount.tsx';
import { durationText, shortId } from '../ui/format.ts';
import { Hash, Id } from '../ui/Id.tsx';
import { Json, KeyValue } from '../ui/KeyValue.tsx';
import { Instant } from '../ui/Time.tsx';
import { Charges } from './Charges.tsx';
import { Chips, toId } from './Chips.tsx';

type Shown = Item<'listLlmRunRecords'>;

/** Parts of the tokens that few calls have, and what is not counted in tokens. */
function partsOf(record: Shown): [string, number][] {
  const parts: [string, number | null][] = [
    ['Written to cache', record.cache_write_tokens],
    ['Of these for 1 h', record.cache_write_1h_tokens],
    ['Reasoning out', record.reasoning_tokens],
    ['Audio in', record.audio_input_tokens],
    ['Audio out', record.audio_output_tokens],
    ['Web searches', record.web_searches],
  ];
  return parts.flatMap(([name, count]) => (count ? [[name, count]] : []));
}

/** A record of a call of a model: what went in and out as amounts and hashes, and what it belongs to. */
export function RecordView({ record }: { record: Shown }) {
  const { admitted_at, settled_at } = record;
  return (
    <>
      <Chips
        run={{ href: stepHref(record.run_id, record.step_id), text: <code>{shortId(record.run_id)}</code> }}
        decision={toId(record.decision_id, '')}
      />
      <KeyValue
        of={[
          ['Record', <Id key="id" id={record.id} />],
          ['Model', `${record.provider} / ${record.model}`],
          ['Status', `${record.execution_status}${record.http_status === null ? '' : `, HTTP ${record.http_status}`}`],
          ['Error', record.error_code && [record.error_code, record.error_message].filter(Boolean).join(': ')],
          ['Admitted', <Instant key="a" at={admitted_at} />],
          ['First byte', <Instant key="f" at={record.first_byte_at} />],
          ['Settled', <Instant key="s" at={settled_at} />],
          ['Took', durationText(Date.parse(settled_at) - Date.parse(admitted_at))],
          ['Tokens in', record.input_tokens],
          ['Tokens out', record.output_tokens],
          ['Output granted', record.max_output_tokens],
          ['Cached in', record.cached_input_tokens],
          ...partsOf(record),
          ['Usage from', record.usage_source],
          ['Cost', <Money key="c" usd={record.cost_usd} />],
          ['Price', record.price_version],
          ['Charged for', record.charges && <Charges key="ch" of={record.charges} />],
          ['Prompt hash', <Hash key="p" hash={record.prompt_hash} />],
          ['Response hash', <Hash key="r" hash={record.response_hash} />],
          ['Wire', `${record.wire}${record.streamed ? ', streamed' : ''}`],
        ]}
      />
      <Json value={record} label="The record" />
    </>
  );
}
