import { banner } from '../base/banner.ts';
import { type Config, readConfig } from '../base/config.ts';
import { type Deps, idMaker, realClock } from '../base/deps.ts';
import { type Log, openLog } from '../base/log.ts';
import { createMetrics } from '../base/metrics.ts';
import { oneAtATime } from '../base/one-at-a-time.ts';
import { openOutbound } from '../base/outbound/outbound.ts';
import { openVault } from '../base/vault.ts';
import type { Govern } from '../govern/govern.ts';
import { openGovern } from '../govern/open.ts';
import { recheckCalls } from '../govern/recheck.ts';
import { catchUpWithStops, obeyStop } from '../govern/stopping.ts';
import { startTelemetry } from '../govern/telemetry.ts';
import { IdentityCache } from '../http/authenticate.ts';
import { type Executor, startExecutor } from '../runs/executor.ts';
import { ownDataFolder } from '../store/data-folder.ts';
import { databaseTime } from '../store/database-time.ts';
import { type OpenDatabase, openDatabase } from '../store/db.ts';
import { delivery_channel } from '../store/deliveries.ts';
import { startEmbedded } from '../store/embedded.ts';
import { firstBoot } from '../store/first-boot.ts';
import { control_channel } from '../store/gate.ts';
import { type Listening, listen } from '../store/listen.ts';
import { queue_channel } from '../store/managed-runs.ts';
import { migrate } from '../store/migrate.ts';
import { type StopRow, stop_channel } from '../store/stops.ts';
import { deliverDue } from '../worker/deliver.ts';
import { heartbeat } from '../worker/heartbeat.ts';
import { jobsEverywhere } from '../worker/index.ts';
import { repeat, startWorker } from '../worker/run.ts';
import { watchGovernance } from './degraded.ts';
import { writeWhatWaits } from './last-writes.ts';
import { serve } from './serve.ts';
import { recordShutdown, recordStartup } from './system-events.ts';
import { whyNotStarted } from './why-not-started.ts';

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
  let listening: Listening | undefined;
  try {
    const url = await openStorage(config, log, started);
    const migrated = await migrate(url);
    const db = await openInStep({ url, config, log, clock }, started);
    const outside = { vault: openVault(config), outbound: openOutbound(config.outbound_reach), db };
    const known = { config, log, clock, makeId: idMaker(clock), database_url: url, ...outside };
    const deps: Deps = { ...known, metrics: createMetrics(), instance_id: known.makeId('instance') };
    const { admin_key_to_print } = await firstBoot(deps, { admin_key: config.admin_key });
    const { govern, later } = openGovern(deps);
    // Stopped after all that asks the database: who waits for an answer of a silent one is told by this alone.
    started.add(watchGovernance(govern, db, url, { onBack: () => listening?.renew() }));
    await recordStartup(deps, migrated);
    started.add(() => recordShutdown(deps, reason));
    tellCollector(deps, started);
    started.add(() => writeWhatWaits(govern, later));
    await heartbeat.run(govern);
    for (const job of jobsEverywhere(later)) started.add(repeat(govern, job));
    const executor = config.roles.includes('worker') ? startWork(govern, started) : null;
    const identities = new IdentityCache(deps);
    // Two looks at once could overtake each other: the older one would hold what goes on again.
    const recheck = oneAtATime((tenant_id) => recheckCalls(govern, tenant_id));
    const onChange = (tenant_id: string) => {
      govern.controls.drop(tenant_id);
      identities.drop(tenant_id);
      govern.waiting.wake(tenant_id);
      recheck(tenant_id).catch(failing('the calls under way could not be looked at again'));
    };
    const failing = (what: string) => (error: Error) => log.warn({ error: error.message }, what);
    const onStop = (text: string) =>
      void obeyStop(deps, govern.calls, JSON.parse(text) as StopRow).catch(failing('a stop could not be confirmed'));
    const onDelivery = (tenant_id: string) => {
      if (!config.roles.includes('worker')) return;
      deliverDue(govern, tenant_id).catch(failing('what is to be delivered waits for the next look'));
    };
    const catchUp = () => {
      catchUpWithStops(deps, govern.calls).catch(failing('stops could not be asked for'));
      for (const tenant_id of govern.calls.tenants()) onChange(tenant_id);
    };
    listening = listen(url, {
      channels: {
        [control_channel]: onChange,
        [stop_channel]: onStop,
        [delivery_channel]: onDelivery,
        [queue_channel]: () => executor?.wake(),
      },
      onConnect: catchUp,
      onError: failing('not listening for changes of control and for stops'),
    });
    started.add(async () => listening?.stop());
    started.add(await serve(govern, identities));
    if (config.log_level !== 'silent') console.log(banner(config, clock.monotonic() - begun_ms, admin_key_to_print));
  } catch (error) {
    await started.stop().catch(() => undefined);
    throw whyNotStarted(error, config);
  }
  return {
    stop: (why) => {
      reason = why;
      return started.stop();
    },
  };
}

/**
 * Opens the database and takes over its time before anything is named or dated: the clock of this machine may show
 * another day.
 */
async function openInStep(
  { url, config, log, clock }: Pick<Deps, 'config' | 'log' | 'clock'> & { url: string },
  started: Started,
): Promise<OpenDatabase> {
  const db = openDatabase({
    ...{ url, max_connections: config.max_connections, statement_timeout_ms: 30_000 },
    onIdleError: (error) => log.warn({ error: error.message }, 'an idle database connection failed'),
  });
  started.add(() => db.close());
  await db.installation(async (tx) => {
    const asked_ms = clock.monotonic();
    clock.follow(await databaseTime(tx), asked_ms);
  });
  return db;
}

/** Whoever collects telemetry hears of calls to the last one. */
function tellCollector(deps: Deps, started: Started): void {
  if (deps.config.telemetry === null) return;
  const telemetry = startTelemetry(deps, deps.config.telemetry, deps.config.telemetry.service_name);
  started.add(() => telemetry.stop());
}

/** What happens without a request: the jobs, and the runs that wait to be carried out. */
function startWork(govern: Govern, started: Started): Executor {
  started.add(startWorker(govern));
  const executor = startExecutor(govern);
  started.add(executor.stop);
  return executor;
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
