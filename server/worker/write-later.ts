import type { Later } from '../govern/later.ts';
import type { Job } from './define.ts';

/** Writes what had to wait for the database. Runs in every process, whatever its roles: nobody else knows of it. */
export const writeLater = (later: Later): Job => ({ name: 'write-later', every_ms: 5_000, run: () => later.retry() });
