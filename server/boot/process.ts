import { banner } from '../base/banner.ts';
import { type Config, readConfig } from '../base/config.ts';
import { type Deps, makeId, realClock } from '../base/deps.ts';
import { type Log, openLog } from '../base/log.ts';
import { createMetrics } from '../base/metrics.ts';
import { openVault } from '../base/vault.ts';
import { openGovern } from '../govern/open.ts';
import { catchUpWithStops, obeyStop } from '../govern/stopping.ts';
import { IdentityCache } from '../http/authenticate.ts';
import { ownDataFolder } from '../store/data-folder.ts';
import { openDatabase } from '../store/db.ts';
import { startEmbedded } from '../store/embedded.ts';
import { firstBoot } from '../store/first-boot.ts';
import { control_channel } from '../store/gate.ts';
import { listen } from '../store/listen.ts';
import { migrate } from '../store/migrate.ts';
import { type StopRow, stop_channel } from '../store/stops.ts';
import { heartbeat } from '../worker/heartbeat.ts';
import { repeat, startWorker } from '../worker/run.ts';
import { serve } from './serve.ts';
import { recordShutdown, recordStartup } from './system-events.ts';

export interface Running {
  stop(why: string): Promise<void>;
}

/** What has been started and must be stopped, in the order of its start. */
class Started {
  readonly #stops: (() => Promise<unknown>)[] = [];

  add(stop: () => Promise<unknown>): void {
    this.#stops.push(stop);
  }

  /** The last first; one that fails does not keep the others running. */
  async stop(): Promise<void> {
    const failures: unknown[] = [];
    for (const stop of this.#stops.reverse()) await stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  }
}

/** Database, schema, first boot, then the roles; the port opens last, so that an open port can take calls. */
export async function start(): Promise<Running> {
  const clock = realClock();
  const begun_ms = clock.monotonic();
  const config = readConfig();
  const log = openLog(config.log_level);
  const started = new Started();
  let reason = 'failed to start';
  try {
    const url = await openStorage(config, log, started);
    const migrated = await migrate(url);
    const db = openDatabase({
      url,
      max_connections: config.max_connections,
      statement_timeout_ms: 30_000,
      onIdleError: (error) => log.warn({ error: error.message }, 'an idle database connection failed'),
    });
    started.add(() => db.close());
    const metrics = createMetrics();
    const vault = openVault(config);
    const deps: Deps = { config, log, clock, makeId, db, vault, metrics, instance_id: makeId('instance') };
    const { admin_key_to_print } = await firstBoot(deps, { admin_key: config.admin_key });
    await recordStartup(deps, migrated);
    started.add(() => recordShutdown(deps, reason));
    const { govern, later } = openGovern(deps);
    const beating = heartbeat(later);
    await beating.run(govern);
    started.add(repeat(govern, beating));
    if (config.roles.includes('worker')) started.add(startWorker(govern));
    const identities = new IdentityCache(deps);
    const onChange = (tenant_id: string) => {
      govern.controls.drop(tenant_id);
      identities.drop(tenant_id);
    };
    const failing = (what: string) => (error: Error) => log.warn({ error: error.message }, what);
    const onStop = (text: string) =>
      void obeyStop(deps, govern.calls, JSON.parse(text) as StopRow).catch(failing('a stop could not be confirmed'));
    const catchUp = () => catchUpWithStops(deps, govern.calls).catch(failing('stops could not be asked for'));
    started.add(
      listen(url, {
        channels: { [control_channel]: onChange, [stop_channel]: onStop },
        onConnect: catchUp,
        onError: failing('not listening for changes of control and for stops'),
      }),
    );
    started.add(await serve(govern, identities));
    if (config.log_level !== 'silent') console.log(banner(config, clock.monotonic() - begun_ms, admin_key_to_print));
  } catch (error) {
    await started.stop().catch(() => undefined);
    throw error;
  }
  return {
    stop: (why) => {
      reason = why;
      return started.stop();
    },
  };
}

/** The database of the environment, or the embedded one in a data folder that this process owns alone. */
async function openStorage(config: Config, log: Log, started: Started): Promise<string> {
  if (config.database_url !== null) return config.database_url;
  const folder = await ownDataFolder(config.data_dir);
  started.add(() => folder.release());
  const embedded = await startEmbedded({ data_dir: config.data_dir, log: (message) => log.info({}, message) });
  started.add(() => embedded.stop());
  return embedded.url;
}
