import { Search } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useKept } from '../../parts/kept.ts';
import { useKeys } from '../../parts/keys.ts';
import { Button } from '../../ui/Button.tsx';
import filters from '../../ui/Filters.module.css';
import { useKeyWords } from '../../ui/key-words.ts';
import { useUrlWord } from '../../url-state.ts';
import { criticalPath } from './critical-path.ts';
import styles from './Run.module.css';
import { StepWidth } from './StepWidth.tsx';
import { hasFailed, markOf, type ShownStep, textOf } from './step-words.ts';

const only_words = { errors: 'Errors', decisions: 'Decisions', critical: 'Critical path' } as const;

function keptOf(only: string, all: readonly ShownStep[]): readonly ShownStep[] {
  if (only === 'errors') return all.filter(hasFailed);
  if (only === 'decisions') return all.filter((one) => markOf(one));
  if (only !== 'critical') return all;
  const path = criticalPath(all, Date.now());
  return all.filter(({ id }) => path.has(id));
}

/** What of the steps is shown, on which scale, and which of them are looked for, in the address; and how wide their column is, in the browser. */
export function useTools(all: readonly ShownStep[]) {
  const [by, setBy] = useUrlWord('scale', 'time');
  const [only, setOnly] = useUrlWord('only', 'all');
  const [idle, setIdle] = useUrlWord('idle', 'short');
  const [chosen, choose] = useUrlWord('step', '');
  const [sought, setSought] = useState('');
  const [step_px, setStepPx] = useKept<number>('aos.widths.Steps');
  const steps = useMemo(() => keptOf(only, all), [all, only]);
  const found = useMemo(() => {
    const text = sought.trim().toLowerCase();
    return text === '' ? [] : steps.filter((step) => textOf(step).includes(text)).map(({ id }) => id);
  }, [steps, sought]);
  const go = (by_one: 1 | -1) => {
    if (found.length === 0) return;
    const at = found.indexOf(chosen);
    const to = at < 0 ? (by_one > 0 ? 0 : found.length - 1) : (at + by_one + found.length) % found.length;
    choose(found[to] ?? '');
  };
  const back = () => go(-1);
  useKeys({ n: () => go(1), N: back });
  useKeyWords({
    '/': 'Find in the run',
    'n N': 'Next and previous match',
    '↑ ↓': 'Steps',
    '← →': 'Hide and show the parts of a step',
  });
  return {
    by: by === 'cost' ? ('cost' as const) : ('time' as const),
    setBy,
    only,
    toggle: (what: string) => setOnly(only === what ? 'all' : what),
    is_whole: idle === 'whole',
    turnIdle: () => setIdle(idle === 'whole' ? 'short' : 'whole'),
    chosen,
    choose,
    sought,
    setSought,
    step_px,
    setStepPx,
    steps,
    found,
    go,
  };
}
export type Tools = ReturnType<typeof useTools>;

export function TimelineTools({ tools }: { tools: Tools }) {
  const { by, setBy, only, toggle, is_whole, turnIdle } = tools;
  return (
    <>
      <fieldset className={styles.scales}>
        <legend className="only-read">Scale</legend>
        {(['time', 'cost'] as const).map((one) => (
          <Button key={one} small kind="plain" aria-pressed={by === one} onClick={() => setBy(one)}>
            {one === 'time' ? 'Time' : 'Cost'}
          </Button>
        ))}
      </fieldset>
      {by === 'time' && (
        <Button small kind="plain" className={styles.toggle} aria-pressed={is_whole} onClick={turnIdle}>
          Idle time
        </Button>
      )}
      {Object.entries(only_words).map(([what, word]) => (
        <Button
          key={what}
          small
          kind="plain"
          className={styles.toggle}
          aria-pressed={only === what}
          title={what === 'critical' ? 'The steps that the length of the run depends on' : undefined}
          onClick={() => toggle(what)}
        >
          {word}
        </Button>
      ))}
      <StepWidth px={tools.step_px} onWidth={tools.setStepPx} />
      <Find tools={tools} />
    </>
  );
}

function Find({ tools: { sought, setSought, found, chosen, go } }: { tools: Tools }) {
  const at = found.indexOf(chosen);
  return (
    <span className={`${filters.search} ${styles.find}`}>
      <Search size={12} aria-hidden="true" />
      <input
        data-key="/"
        aria-label="Find in the run"
        placeholder="Find  /"
        value={sought}
        onChange={(event) => setSought(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') go(event.shiftKey ? -1 : 1);
          if (event.key !== 'Escape') return;
          setSought('');
          event.currentTarget.blur();
        }}
      />
      <span className="faint" role="status">
        {sought !== '' && `${at < 0 ? '' : `${at + 1}/`}${found.length}`}
      </span>
    </span>
  );
}
