import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { present } from '@aos/core/base/assert.ts';
import { type Api, api, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { type Installation, openInstallation } from './parts/installation.ts';
import { type OtherMachine, otherMachine, type Relay, relay, whyNoOtherMachine } from './parts/other-machine.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';

/**
 * Three processes on one PostgreSQL, one of them on a machine of its own whose line to the database is cut. It has to
 * refuse what it is asked, within two seconds and with 503, and to send nothing to the provider; the others go on; and
 * it has to come back by itself, with the time it was away in the system records.
 */
interface PartitionScenario {
  cut_seconds: number;
}

const refused_within_ms = 2_000;
const back_within_ms = 3_000;
/** What the machine that measures may add. */
const slack_ms = 300;

interface Answered {
  from: 'far' | 'near';
  label: string;
  sent_at: number;
  took_ms: number;
  status: number;
}

const now = () => performance.timeOrigin + performance.now();

async function partition({ cut_seconds }: PartitionScenario): Promise<Findings> {
  const machine = await otherMachine();
  const relays: Relay[] = [];
  const provider = { port: 0 };
  let at: Installation | null = null;
  try {
    // The address of the provider is known before it is there: both machines must reach it by the same one.
    const door = await relay(
      { host: machine.lasting_host },
      {
        host: '127.0.0.1',
        get port() {
          return provider.port;
        },
      },
    );
    relays.push(door);
    const env = { OPENAI_BASE_URL: `http://${machine.lasting_host}:${door.port}/v1` };
    at = await openInstallation({ database: 'postgres', processes: 2, env });
    provider.port = Number(new URL(at.stub.origin).port);
    const far = await startFar(at, machine, env, relays);
    try {
      return await cutAndWatch(at, machine, api(far), cut_seconds);
    } finally {
      await far.stop().catch(() => undefined);
    }
  } finally {
    await at?.stop();
    for (const one of relays) await one.close();
    await machine.remove();
  }
}

/** The third process, on the other machine: it reaches the database over the line that will be cut. */
async function startFar(at: Installation, machine: OtherMachine, env: Record<string, string>, relays: Relay[]) {
  const [database] = await at.sql<{ name: string; port: number }>(
    "select current_database() as name, current_setting('port')::int as port",
  );
  const { name, port } = present(database, 'the database');
  const line = await relay({ host: machine.cuttable_host }, { host: '127.0.0.1', port });
  // The same port on both sides, so that whoever starts the process finds it where it looks.
  const back = await relay(
    { host: '127.0.0.1' },
    {
      host: machine.host,
      get port() {
        return back.port;
      },
    },
  );
  relays.push(line, back);
  return startServer({
    port: back.port,
    program: machine.programOf(['--import', 'tsx', 'server/main.ts']),
    env: {
      ...env,
      HOST: '0.0.0.0',
      DATABASE_URL: `postgresql://postgres@${machine.cuttable_host}:${line.port}/${name}`,
      AOS_ADMIN_KEY: present(at.servers[0], 'the first process').admin_key,
      AOS_SECRET_KEY: at.env.AOS_SECRET_KEY ?? '',
    },
  });
}

async function cutAndWatch(at: Installation, machine: OtherMachine, far: Api, cut_seconds: number): Promise<Findings> {
  await makePolicy(at.admin, {
    name: 'A cap, so that every call is governed',
    target: { kind: 'all_runs' },
    controls: [{ limit: { type: 'cost_usd', max: '1000', window: { per: 'day' } }, action: 'block' }],
  });
  const near = at.servers.slice(0, 2).map((server) => api(server));
  const calling = keepCalling(far, near);
  await pause(2_000);
  await machine.cut();
  const cut_at = now();
  await pause(cut_seconds * 1000);
  const mended_at = now();
  await machine.mend();
  await waitFor(() => calling.answered.some((of) => of.from === 'far' && of.sent_at > mended_at && of.status === 200), {
    what: 'the return of the process',
  });
  const back_at = now();
  await pause(2_000);
  await calling.stop();
  await waitFor(async () => (await at.sql('select 1 from holds limit 1')).length === 0, {
    what: 'the end of all holds',
  });
  const away = await waitFor(
    async () => {
      const rows = await at.sql<{ event_type: string; details: { away_ms?: number } }>(
        "select event_type, details from system_records where event_type like 'DEGRADED%' order by occurred_at",
      );
      return rows.some(({ event_type }) => event_type === 'DEGRADED_EXIT') && rows;
    },
    { what: 'the record of the time away' },
  );
  return judge(at, calling.answered, { cut_at, mended_at, back_at, cut_seconds }, away);
}

/** Calls to all processes all the time, each with a name that the provider notes. */
function keepCalling(far: Api, near: Api[]) {
  const answered: Answered[] = [];
  let is_over = false;
  let n = 0;
  const caller = async (from: Answered['from'], client: Api) => {
    while (!is_over) {
      const label = `${from}-${n++}`;
      const content = `Hello. stub: ${JSON.stringify({ output_tokens: 2, label })}`;
      const sent_at = now();
      const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content }] };
      const { status } = await client.post('/v1/chat/completions', body);
      answered.push({ from, label, sent_at, took_ms: now() - sent_at, status });
      await pause(40);
    }
  };
  const callers = [caller('far', far), caller('far', far), ...near.map((client) => caller('near', client))];
  return {
    answered,
    stop: async () => {
      is_over = true;
      await Promise.all(callers);
    },
  };
}

function judge(
  at: Installation,
  answered: readonly Answered[],
  times: { cut_at: number; mended_at: number; back_at: number; cut_seconds: number },
  away: { event_type: string; details: { away_ms?: number } }[],
): Findings {
  const sent = new Set(at.stub.log.map(({ label }) => label));
  const meanwhile = answered.filter(
    ({ sent_at, took_ms }) => sent_at > times.cut_at && sent_at + took_ms < times.mended_at,
  );
  const far = meanwhile.filter(({ from }) => from === 'far');
  const near = meanwhile.filter(({ from }) => from === 'near');
  // Those that were under way when the line was cut wait longest: until it is noticed, or until what they used is given up
  // to be written for now.
  const caught = answered.filter(
    ({ from, status, sent_at, took_ms }) =>
      from === 'far' && status === 503 && sent_at <= times.cut_at && sent_at + took_ms > times.cut_at,
  );
  const sent_before = caught.filter(({ label }) => sent.has(label));
  const slowestOf = (some: readonly Answered[]) => Math.round(Math.max(0, ...some.map(({ took_ms }) => took_ms)));
  const slowest_ms = slowestOf([...far, ...caught.filter(({ label }) => !sent.has(label))]);
  const ungoverned = far.filter(({ label }) => sent.has(label));
  const back_ms = times.back_at - times.mended_at;
  const away_ms = away.find(({ event_type }) => event_type === 'DEGRADED_EXIT')?.details.away_ms ?? 0;
  const counts = (of: readonly Answered[]) =>
    of.reduce<Record<string, number>>((sum, { status }) => ({ ...sum, [status]: (sum[status] ?? 0) + 1 }), {});
  return {
    figures: {
      cut_seconds: times.cut_seconds,
      cut_off: { answers: counts(far), slowest_ms, sent_to_the_provider: ungoverned.length },
      under_way: { caught: caught.length, sent_before: sent_before.length, told_after_ms: slowestOf(sent_before) },
      others: { answers: counts(near) },
      back_after_ms: Math.round(back_ms),
      records: away.map(({ event_type }) => event_type),
      away_ms,
    },
    broken: [
      ...(far.length > 0 ? [] : ['nothing was asked of the process that was cut off']),
      ...far.filter(({ status }) => status !== 503).map(({ status, label }) => `${label} was answered ${status}`),
      ...(slowest_ms <= refused_within_ms + slack_ms ? [] : [`a refusal took ${slowest_ms.toFixed(0)} ms`]),
      ...ungoverned.map(({ label }) => `${label} was sent to the provider while the database was away`),
      ...near.filter(({ status }) => status !== 200).map(({ status, label }) => `${label} was answered ${status}`),
      ...(back_ms <= back_within_ms + slack_ms ? [] : [`it was back after ${back_ms.toFixed(0)} ms`]),
      ...(away.length === 2 && away_ms > (times.cut_seconds - 5) * 1000 ? [] : ['the time away is not in the records']),
    ],
  };
}

const missing = whyNoOtherMachine();
if (missing === null) {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '30' } } });
  const findings = await partition({ cut_seconds: Number(values.seconds) });
  printFigures('partition', findings.figures);
  finish(findings.broken);
} else {
  process.stdout.write(`SKIPPED: 1 campaign: ${missing}.\n`);
}
