import { all_endpoints, documented_endpoints } from '@aos/core/api/index.ts';
import { all_handlers } from '../api/all-handlers.ts';
import { gatewayRoutes } from '../gateway/routes.ts';
import type { Govern } from '../govern/govern.ts';
import { createApp } from '../http/app.ts';
import type { IdentityCache } from '../http/authenticate.ts';
import { bindEndpoints } from '../http/bind.ts';
import { consoleRoutes } from '../http/console.ts';
import { docsRoutes } from '../http/docs.ts';
import { operationRoutes } from '../http/operations.ts';
import { keepAddress } from './address-file.ts';
import { drain } from './drain.ts';
import { quietConnections } from './quiet-connections.ts';

/** How soon a connection is closed whose last answer ended meanwhile. */
const sweep_ms = 50;

/** Opens the port with the routes of this process's roles; the answer closes it once calls under way have ended. */
export async function serve(govern: Govern, identities: IdentityCache): Promise<() => Promise<void>> {
  const { roles, port, host } = govern.config;
  const app = createApp(govern);
  operationRoutes(app, govern);
  if (roles.includes('api')) {
    bindEndpoints(app, govern, all_endpoints, all_handlers);
    docsRoutes(app, documented_endpoints);
    consoleRoutes(app);
  }
  if (roles.includes('gateway')) gatewayRoutes(app, govern, identities);
  const closeQuiet = quietConnections(app.server);
  const forgetAddress = roles.includes('api') ? keepAddress(app.server, govern) : null;
  await app.listen({ port, host });
  return async () => {
    forgetAddress?.();
    const sweep = setInterval(closeQuiet, sweep_ms);
    const closePort = async () => {
      await app.close();
      clearInterval(sweep);
    };
    await drain(govern, closePort, () => app.server.closeAllConnections());
  };
}
