import { parentPort, workerData } from 'node:worker_threads';
import { present } from '@aos/core/base/assert.ts';
import { realClock } from '../base/deps.ts';
import { openDatabase } from '../store/db.ts';
import type { FromThread, ThreadOf } from './preview-apart.ts';
import { computePreview } from './preview-job.ts';

/** The beginning of a thread: computes one preview, tells how far it is, and ends with the result or its failure. */
const port = present(parentPort, 'whoever asked for a preview');
const { database_url, public_url, preview } = workerData as ThreadOf;
const tell = (message: FromThread): void => port.postMessage(message);

// Four for transactions: three kinds of rows are read beside each other while they are counted. The other two are for
// flights, which there are none of; they are not opened.
const db = openDatabase({
  ...{ url: database_url, max_connections: 6, statement_timeout_ms: 30_000 },
  onIdleError: () => undefined,
});
const deps = { db, clock: realClock(), public_url };
const computed = await computePreview(deps, preview, (progress) => tell({ progress })).finally(() => db.close());
tell({ computed });
