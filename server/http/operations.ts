import type { FastifyInstance } from 'fastify';
import type { Deps } from '../base/deps.ts';
import { version } from '../base/version.ts';
import { tenantIds } from '../store/tenant-ids.ts';

/** How long the database may take to show that it is there. */
const ready_within_ms = 2_000;

/** What orchestrators and Prometheus ask, without a key. `/health`: the process can take calls; `/ready`: it can decide. */
export function operationRoutes(app: FastifyInstance, deps: Deps): void {
  app.get('/health', async () => ({ status: 'ok', version }));
  app.get('/ready', async (_, reply) => {
    const late = new Promise<never>((_, reject) =>
      setTimeout(() => reject(new Error('too slow')), ready_within_ms).unref(),
    );
    try {
      await Promise.race([deps.db.installation(tenantIds), late]);
      return { status: 'ready' };
    } catch (error) {
      deps.log.warn({ error: (error as Error).message }, 'not ready');
      return reply
        .code(503)
        .header('retry-after', '2')
        .send({ status: 'not_ready', reason: 'the database does not answer' });
    }
  });
  app.get('/metrics', async (_, reply) =>
    reply.type(deps.metrics.registry.contentType).send(await deps.metrics.registry.metrics()),
  );
}
