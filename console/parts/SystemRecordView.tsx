import type { Item } from '../api.ts';
import { Said } from '../ui/Amount.tsx';
import { Status, type Tone } from '../ui/Chip.tsx';
import type { GlyphName } from '../ui/Glyph.tsx';
import { Id } from '../ui/Id.tsx';
import { Json, KeyValue } from '../ui/KeyValue.tsx';
import { Instant } from '../ui/Time.tsx';
import { plainWords } from './words.tsx';

type Shown = Item<'listSystemRecords'>;

const looks: Record<Shown['severity'], [Tone, GlyphName]> = {
  INFO: ['neutral', 'circle'],
  WARN: ['warn', 'triangle'],
  CRITICAL: ['crit', 'square'],
};

export function Severity({ of }: { of: Shown['severity'] }) {
  const [tone, glyph] = looks[of];
  return (
    <Status tone={tone} glyph={glyph}>
      {plainWords(of)}
    </Status>
  );
}

/** Something that happened to the system, whole. */
export const SystemRecordView = ({ record }: { record: Shown }) => (
  <>
    <p>
      <Said text={record.summary} />
    </p>
    <KeyValue
      of={[
        ['Record', <Id key="id" id={record.id} />],
        ['At', <Instant key="at" at={record.occurred_at} />],
        ['Severity', <Severity key="severity" of={record.severity} />],
        ['Component', plainWords(record.component)],
        ['Event', plainWords(record.event_type)],
        ['Caused by', plainWords(record.caused_by)],
        ['Correlation', record.correlation_id && <Id key="correlation" id={record.correlation_id} />],
      ]}
    />
    <Json value={record} label="The record" />
  </>
);
