import { useEffect, useRef, useState } from 'react';
import { call } from '../../api.ts';
import type { RunRow } from '../../parts/run-columns.tsx';

const lingers_ms = 10_000;

/** Runs that have just ended stay in their places for ten seconds, as they ended. */
export function useLingering(rows: readonly RunRow[]): readonly RunRow[] {
  const before = useRef<readonly RunRow[]>([]);
  const [ended, setEnded] = useState<ReadonlyMap<string, RunRow>>(new Map());
  useEffect(() => {
    const now = new Set(rows.map(({ id }) => id));
    const gone = before.current.filter(({ id }) => !now.has(id));
    before.current = rows;
    for (const run of gone) void linger(run, setEnded);
  }, [rows]);
  return ended.size === 0 ? rows : withEnded(rows, ended);
}

type Set = (change: (now: ReadonlyMap<string, RunRow>) => ReadonlyMap<string, RunRow>) => void;

async function linger(run: RunRow, set: Set): Promise<void> {
  set((now) => new Map(now).set(run.id, run));
  setTimeout(() => set((now) => new Map([...now].filter(([id]) => id !== run.id))), lingers_ms);
  const last = await call('getRun', { params: { id: run.id } }).catch(() => null);
  if (last) set((now) => (now.has(run.id) ? new Map(now).set(run.id, last) : now));
}

/** Newest first, as the list is: ids are in the order of time. */
function withEnded(rows: readonly RunRow[], ended: ReadonlyMap<string, RunRow>): readonly RunRow[] {
  const open = new Set(rows.map(({ id }) => id));
  const all = [...rows, ...[...ended.values()].filter(({ id, ended_at }) => !open.has(id) && ended_at !== null)];
  return all.sort((a, b) => (a.id > b.id ? -1 : 1));
}
