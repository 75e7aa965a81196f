import { useEffect, useRef } from 'react';

/** What the streams of events tell of; see core/activity/event.ts. */
const types = [
  'run.opened',
  'run.changed',
  'run.planned',
  'run.ended',
  'step.started',
  'step.ended',
  'decision',
  'limit.near',
  'incident.opened',
  'incident.changed',
  'policy.changed',
  'alert',
  'changed',
  'behind',
] as const;
export type EventType = (typeof types)[number];

const paint_ms = 1_000;
const again_ms = 2_000;

interface Listener {
  /** What was told since the last time; at most once a second, the first at once. */
  onEvents: (told: ReadonlySet<EventType>) => void;
  onBeat?: () => void;
}

/** Listens to a stream while the page is in sight: a browser keeps few connections open, so hidden pages hold none. */
export function useEvents(path: string | null, listener: Listener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    if (path === null) return;
    return listen(path, {
      onEvents: (told) => latest.current.onEvents(told),
      onBeat: () => latest.current.onBeat?.(),
    });
  }, [path]);
}

function listen(path: string, { onEvents, onBeat }: Required<Listener>): () => void {
  let source: EventSource | null = null;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const batch = batchOf(onEvents);
  const close = () => {
    clearTimeout(retry);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (document.hidden) return;
    source = new EventSource(path);
    source.addEventListener('heartbeat', onBeat);
    for (const type of types)
      source.addEventListener(type, () => {
        onBeat();
        batch.add(type);
        if (type === 'run.ended' && path.startsWith('/api/v1/runs/')) close();
      });
    source.onerror = () => {
      // A browser comes back by itself after a break, and not after an answer that is no stream.
      if (source?.readyState === EventSource.CLOSED) retry = setTimeout(open, again_ms);
    };
  };
  const onVisibility = () => {
    if (document.hidden) close();
    else {
      open();
      batch.add('behind');
    }
  };
  open();
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    close();
    batch.stop();
    document.removeEventListener('visibilitychange', onVisibility);
  };
}

function batchOf(tell: (told: ReadonlySet<EventType>) => void) {
  let told = new Set<EventType>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last_ms = 0;
  const flush = () => {
    timer = undefined;
    last_ms = performance.now();
    const now = told;
    told = new Set();
    tell(now);
  };
  return {
    add(type: EventType) {
      told.add(type);
      timer ??= setTimeout(flush, Math.max(0, last_ms + paint_ms - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
