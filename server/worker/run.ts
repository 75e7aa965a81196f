import type { Govern } from '../govern/govern.ts';
import type { Job } from './define.ts';
import { jobs } from './index.ts';

/** Starts the jobs of this process; the answer stops them and waits for the one that is running. */
export function startWorker(govern: Govern): () => Promise<void> {
  const stops = jobs.map((job) => repeat(govern, job));
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/** Runs one job after the other has ended, never two at once; a failed run is logged and tried at the next time. */
export function repeat(govern: Govern, job: Job): () => Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let is_stopped = false;
  const next = () => {
    timer = setTimeout(
      () => {
        running = job
          .run(govern)
          .catch((error: Error) =>
            govern.log.warn({ job: job.name, error: error.message }, 'a job failed and will run again'),
          )
          .finally(() => !is_stopped && next());
      },
      Math.min(job.every_ms, govern.config.jobs_every_ms),
    );
  };
  next();
  return async () => {
    is_stopped = true;
    clearTimeout(timer);
    await running;
  };
}
