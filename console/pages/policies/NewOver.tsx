import { SelectField } from '../../ui/Field.tsx';
import { MomentField } from '../../ui/MomentField.tsx';
import { between, type Past } from './new-past.ts';

const spans = [
  { value: '24', name: 'last 24 hours' },
  { value: '168', name: 'last 7 days' },
  { value: '720', name: 'last 30 days' },
  { value: between, name: 'from … to …' },
];

const minute_ms = 60_000;
const minuteAt = (ms: number) => new Date(Math.floor(ms / minute_ms) * minute_ms).toISOString();

/**
 * Over which past a preview is: so far back, or between two moments, which begin as what was looked at before, the minute
 * that is not over yet too.
 */
export function NewOver({ past: { over, setOver, wrong } }: { past: Past }) {
  const choose = (hours: string) => {
    const back_ms = Number(over.hours) * 60 * minute_ms;
    const is_new = hours === between && over.hours !== between;
    const now_ms = Date.now();
    setOver({ ...over, hours, ...(is_new && { from: minuteAt(now_ms - back_ms), to: minuteAt(now_ms + minute_ms) }) });
  };
  return (
    <>
      <SelectField label="Over" value={over.hours} choices={spans} onChoose={choose} />
      {over.hours === between && (
        <>
          <MomentField
            label="From"
            hint=""
            error={over.from === '' ? wrong : null}
            value={over.from}
            onChange={(from) => setOver({ ...over, from })}
          />
          <MomentField
            label="To"
            hint=""
            error={over.from === '' ? null : wrong}
            value={over.to}
            onChange={(to) => setOver({ ...over, to })}
          />
        </>
      )}
    </>
  );
}
