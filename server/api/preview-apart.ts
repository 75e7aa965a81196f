import { setTimeout as waited } from 'node:timers/promises';
import { Worker, type WorkerOptions } from 'node:worker_threads';
import type { Deps } from '../base/deps.ts';
import type { Computed, PreviewOf, Progress } from './preview-job.ts';

/** What a thread is given. It reads the past over connections of its own, four at most. */
export interface ThreadOf {
  database_url: string;
  public_url: string;
  preview: PreviewOf;
}

/** What a thread tells. */
export type FromThread = { progress: Progress } | { computed: Computed };

/** Built, a thread begins with a file of its own beside the server's. */
const in_sources = import.meta.url.endsWith('.ts');
const thread_file = new URL(in_sources ? './preview-thread.ts' : './preview-thread.mjs', import.meta.url);

/** From the sources a thread must be told first to read TypeScript: it does not take that over from its process. */
const from_sources = `import('tsx/esm/api').then(({ register }) => { register(); return import('${thread_file}'); })`;
const begin = (options: WorkerOptions): Worker =>
  in_sources ? new Worker(from_sources, { ...options, eval: true }) : new Worker(thread_file, options);

/** A past that does not fit ends the thread and not the process. */
const most_memory = { maxOldGenerationSizeMb: 1_536, maxYoungGenerationSizeMb: 96 };

const asked_every_ms = 500;

/** Longer than any statement may take, and each is told of: nothing is heard of this thread any more. */
const silent_after_ms = 60_000;

/**
 * Computes a preview in a thread of its own, so that calls through this process do not wait for it. `goesOn` is told how
 * far it is, and answers whether it is still wanted. Null: it is not.
 */
export async function previewApart(
  { database_url, config, clock }: Pick<Deps, 'database_url' | 'config' | 'clock'>,
  preview: PreviewOf,
  goesOn: (progress: Progress) => Promise<boolean>,
): Promise<Computed | null> {
  const workerData: ThreadOf = { database_url, public_url: config.public_url, preview };
  const thread = begin({ workerData, resourceLimits: most_memory });
  let progress: Progress = { calls_done: 0, calls_total: null };
  let heard_ms = clock.monotonic();
  const ending = new Promise<Computed>((resolve, reject) => {
    thread.on('message', (message: FromThread) => {
      heard_ms = clock.monotonic();
      if ('computed' in message) resolve(message.computed);
      else progress = message.progress;
    });
    thread.once('error', reject);
    thread.once('exit', () => reject(new Error('the thread of a preview ended without a result')));
  });
  const over = new AbortController();
  try {
    for (;;) {
      const computed = await Promise.race([ending, waited(asked_every_ms, null, { signal: over.signal, ref: false })]);
      if (computed) return computed;
      if (clock.monotonic() - heard_ms > silent_after_ms) throw new Error('the thread of a preview fell silent');
      if (!(await goesOn(progress))) return null;
    }
  } finally {
    over.abort();
    await thread.terminate();
  }
}
