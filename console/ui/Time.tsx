import { useSyncExternalStore } from 'react';
import { clockText, instantText, relativeText } from './format.ts';

let now_ms = Date.now();
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now_ms = Date.now();
    for (const tell of listeners) tell();
  }, 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** The present, one tick a second for the whole page: timers run here and not over the network. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now_ms);
}

/** What is said of the present; it renders again when that has become another text and not with every tick. */
export function useNowText(say: (now_ms: number) => string): string {
  return useSyncExternalStore(subscribe, () => say(now_ms));
}

/** `4 min ago`, with the whole instant on hover. */
export function Time({ at }: { at: string | null }) {
  const at_ms = Date.parse(at ?? '');
  const text = useNowText((now) => relativeText(at_ms, now));
  if (at === null) return <span className="faint">–</span>;
  return (
    <time dateTime={at} title={instantText(at_ms)}>
      {text}
    </time>
  );
}

/** The whole instant with its zone; `clock` leaves the date out where the page has said it. */
export function Instant({ at, clock = false }: { at: string | null; clock?: boolean }) {
  if (at === null) return <span className="faint">–</span>;
  const at_ms = Date.parse(at);
  return (
    <time dateTime={at} title={instantText(at_ms)} className={clock ? undefined : 'mono'}>
      {clock ? clockText(at_ms) : instantText(at_ms)}
    </time>
  );
}
