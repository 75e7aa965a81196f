import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Signal } from '@aos/core/activity/signal.ts';
import { createControls } from '@aos/server/govern/control.ts';
import type { Govern } from '@aos/server/govern/govern.ts';
import type { Job } from '@aos/server/worker/define.ts';
import { testDeps } from '../http/app.ts';
import { type Api, expectStatus } from '../parts/client.ts';

export interface SignalList {
  items: Signal[];
  next_cursor: string | null;
  total: number | null;
  watching: { type: string; title: string; watches: string; is_full: boolean }[];
}

export const signalsOf = async (client: Api, query = ''): Promise<Signal[]> =>
  expectStatus(200, await client.get<SignalList>(`/api/v1/activity/signals?limit=200${query}`)).items;

/** A worker whose clock can be set ahead, on a database that others work on. */
export interface Worker {
  run(job: Job, ahead_ms: number): Promise<void>;
  close(): Promise<void>;
}

export function workerOn(database_url: string): Worker {
  const data_dir = mkdtempSync(path.join(tmpdir(), 'aos-signals-'));
  const deps = testDeps(database_url, { AOS_DATA_DIR: data_dir });
  return {
    run: async (job, ahead_ms) => {
      const clock = { ...deps.clock, now: () => deps.clock.now() + ahead_ms };
      await job.run({ ...deps, clock, controls: createControls(deps) } as unknown as Govern);
    },
    close: async () => {
      await deps.db.close();
      rmSync(data_dir, { recursive: true, force: true });
    },
  };
}
