import { ChevronDown } from 'lucide-react';
import { Button } from '../ui/Button.tsx';
import type { ChangeFiltering, Filtering } from '../ui/Filters.tsx';
import { Menu } from '../ui/Menu.tsx';
import { Moment } from '../ui/Moment.tsx';
import { all_time, spans, spanWords, type TimeRange } from './time-range.ts';

/** Following a log: its newest rows come in by themselves. */
export interface Tail {
  on: boolean;
  /** It is looked at up to a moment, after which nothing comes. */
  has_end: boolean;
  choose: (on: boolean) => void;
}

interface Props {
  /** Of what it is the time, in words before it; absent: of the rows. */
  label?: string;
  tail: Tail | undefined;
  range: TimeRange;
  values: Filtering;
  onChange: ChangeFiltering;
}

/** From when to when a log is shown: so far back, or between two moments in UTC. */
export function RangeBar({ label, range, values, onChange, tail }: Props) {
  const choose = (span: string) => {
    onChange((now) => ({ ...now, from: [], to: [] }));
    range.setSpan(span);
  };
  const give = (name: 'from' | 'to', at: string[]) =>
    onChange((now) => ({ ...now, from: now.from?.length ? now.from : from === '' ? [] : [from], [name]: at }));
  const from = values.from?.[0] ?? range.query.from ?? '';
  return (
    <div
      role="group"
      aria-label={label ?? 'Time range'}
      style={{ display: 'flex', gap: 8, alignItems: 'center', flexWrap: 'wrap' }}
    >
      {label && <span className="quiet">{label}</span>}
      <Menu
        items={[...Object.keys(spans), all_time].map((span) => ({
          name: capital(spanWords(span)),
          onChoose: () => choose(span),
        }))}
      >
        <Button small>
          {capital(range.words)}
          <ChevronDown size={13} aria-hidden="true" />
        </Button>
      </Menu>
      <Moment label="From" value={from} onChange={(at) => give('from', at)} />
      <Moment label="to" value={values.to?.[0] ?? ''} onChange={(at) => give('to', at)} />
      <span className="faint">UTC</span>
      {tail && (
        <Button
          small
          kind={tail.on ? 'normal' : 'plain'}
          aria-pressed={tail.on}
          disabled={tail.has_end}
          title={tail.has_end ? 'What has an end is not followed' : 'The newest rows come in by themselves'}
          onClick={() => tail.choose(!tail.on)}
        >
          Tail
        </Button>
      )}
    </div>
  );
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
