import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { api, expectStatus, makePolicy, waitFor } from '../../e2e/parts/client.ts';
import { wires } from '../../e2e/parts/gateway.ts';
import { startServer } from '../../e2e/parts/processes.ts';
import { startStubProvider } from '../simulate/stub-provider.ts';
import { type Findings, finish, printFigures } from './parts/report.ts';
import { smallDisk, whyNoSmallDisk } from './parts/small-disk.ts';

/**
 * A real PostgreSQL whose disk is full: every governed call has to be refused within two seconds with 503, nothing may
 * go to the provider, and when there is room again everything goes on by itself, with books that are right.
 */
interface DiskFullScenario {
  full_seconds: number;
  port: number;
}

const refused_within_ms = 2_000;
/** What the machine that measures may add. */
const slack_ms = 300;
const callers = 4;

interface Answered {
  sent_at: number;
  took_ms: number;
  status: number;
}

async function diskFull({ full_seconds, port }: DiskFullScenario): Promise<Findings> {
  const [disk, stub] = await Promise.all([smallDisk({ megabytes: 200, port }), startStubProvider()]);
  const env = { OPENAI_API_KEY: 'sk-stub', OPENAI_BASE_URL: stub.url };
  const server = await startServer({ database_url: disk.url, env });
  const admin = api(server);
  try {
    await makePolicy(admin, {
      name: 'A cap, so that every call is governed',
      target: { kind: 'all_runs' },
      controls: [{ limit: { type: 'cost_usd', max: '1000', window: { per: 'day' } }, action: 'block' }],
    });
    const chat = () => admin.post('/v1/chat/completions', wires.chat.body({ output_tokens: 2 }));
    expectStatus(200, await chat());
    const answered: Answered[] = [];
    let is_over = false;
    const caller = async () => {
      while (!is_over) {
        const sent_at = performance.now();
        const { status } = await chat();
        answered.push({ sent_at, took_ms: performance.now() - sent_at, status });
        await pause(30);
      }
    };
    const calling = Promise.all(Array.from({ length: callers }, caller));
    await disk.fill();
    await waitFor(() => answered.some(({ status }) => status === 503), {
      what: 'the first refusal',
    });
    const full_at = performance.now();
    const sent_before = stub.log.length;
    await pause(full_seconds * 1000);
    const sent_meanwhile = stub.log.length - sent_before;
    const reads = await admin.get('/api/v1/policies');
    const room_at = performance.now();
    await disk.empty();
    await waitFor(() => answered.some((of) => of.sent_at > room_at && of.status === 200), {
      what: 'the first call with room',
    });
    const back_ms = performance.now() - room_at;
    await pause(1_000);
    is_over = true;
    await calling;
    await waitFor(async () => (await disk.count('select count(*) from holds')) === 0, {
      what: 'the end of all holds',
      timeout_ms: 120_000,
    });
    const books = {
      records: await disk.count('select count(*) from llm_run_records'),
      pending: await disk.count('select coalesce(sum(pending), 0) from balances'),
      differs: await disk.count(
        'select (select coalesce(sum(posted), 0) from balances) - (select (sum(cost_usd) * 1000000000)::bigint from llm_run_records)',
      ),
    };
    const full = answered.filter(({ sent_at, took_ms }) => sent_at > full_at && sent_at + took_ms < room_at);
    return judge({ full, sent_meanwhile, back_ms, books, sent: stub.log.length, reads: reads.status, full_seconds });
  } finally {
    await disk.empty().catch(() => undefined);
    await server.stop().catch(() => undefined);
    await stub.close();
    await disk.remove();
  }
}

interface Seen {
  full: readonly Answered[];
  sent_meanwhile: number;
  back_ms: number;
  books: { records: number; pending: number; differs: number };
  sent: number;
  reads: number;
  full_seconds: number;
}

function judge({ full, sent_meanwhile, back_ms, books, sent, reads, full_seconds }: Seen): Findings {
  const slowest_ms = Math.max(0, ...full.map(({ took_ms }) => took_ms));
  const statuses: Record<string, number> = {};
  for (const { status } of full) statuses[status] = (statuses[status] ?? 0) + 1;
  return {
    figures: {
      ...{ full_seconds, answers: statuses, slowest_ms: Math.round(slowest_ms), sent_meanwhile, reads },
      ...{ back_after_ms: Math.round(back_ms), sent, ...books },
    },
    broken: [
      ...(full.length > 0 ? [] : ['nothing was asked while the disk was full']),
      ...full.filter(({ status }) => status !== 503).map(({ status }) => `a call was answered ${status}`),
      ...(slowest_ms <= refused_within_ms + slack_ms ? [] : [`a refusal took ${slowest_ms.toFixed(0)} ms`]),
      ...(sent_meanwhile === 0 ? [] : [`${sent_meanwhile} calls went to the provider`]),
      ...(books.records === sent ? [] : [`${sent} calls were sent and ${books.records} are on record`]),
      ...(books.pending === 0 && books.differs === 0 ? [] : ['the books differ from the records']),
    ],
  };
}

const missing = whyNoSmallDisk();
if (missing === null) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '15' }, port: { type: 'string', default: '8159' } },
  });
  const findings = await diskFull({ full_seconds: Number(values.seconds), port: Number(values.port) });
  printFigures('disk full', findings.figures);
  finish(findings.broken);
} else {
  process.stdout.write(`SKIPPED: 1 campaign: ${missing}.\n`);
}
