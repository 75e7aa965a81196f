import { AOS } from '@aos/sdk/client.ts';
import { NotFoundError } from '@aos/sdk/errors.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { collect } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

let database: TestDatabase;
let server: ServerProcess;
let aos: AOS;
beforeAll(async () => {
  database = await freshDatabase('postgres');
  server = await startServer({ database_url: database.url });
  aos = new AOS({ api_key: server.admin_key, base_url: server.url });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

/** A connection that breaks as soon as it has told how far it is. */
function breaking(answer: Response): Response {
  const reader = answer.body?.getReader();
  let told = '';
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value } = told.includes('\nid: ') || !reader ? {} : await reader.read();
      if (value === undefined) return controller.error(new TypeError('terminated'));
      told += new TextDecoder().decode(value);
      controller.enqueue(value);
    },
    cancel: () => reader?.cancel(),
  });
  return new Response(body, { status: answer.status, headers: answer.headers });
}

/** Rests one after the other, so that much of it is told before its end. */
const resting = {
  steps: ['one', 'two', 'three'].map((id, n, ids) => ({
    id,
    skill: 'wait',
    params: { seconds: 1 },
    depends_on: ids.slice(Math.max(0, n - 1), n),
  })),
};

test('a run is told while it goes on, to its end, without heartbeats', async () => {
  const { id } = await aos.postGoal({ agent_id: 'streamed', goal: 'Rest.', plan: resting });
  const events = await collect(aos.runs.stream(id));
  expect(events.map(({ type }) => type)).not.toContain('heartbeat');
  expect(events.filter(({ type }) => type === 'run.ended')).toHaveLength(1);
  expect(events.at(-1)).toMatchObject({ type: 'run.ended', run_id: id, status: 'succeeded' });
});

test('a stream that breaks is taken up where it was: everything is told, the end once', async () => {
  const asked: (string | null)[] = [];
  const shaky = new AOS({
    api_key: server.admin_key,
    base_url: server.url,
    fetch: async (input, init) => {
      asked.push(new Headers(init?.headers).get('last-event-id'));
      const answer = await fetch(input, init);
      return asked.length <= 2 ? breaking(answer) : answer;
    },
  });
  const { id } = await aos.postGoal({ agent_id: 'streamed', goal: 'Rest.', plan: resting });
  const pieces = await collect(shaky.runs.stream(id));
  expect(asked.length).toBeGreaterThan(1);
  expect(asked.map((last) => last === null)).toEqual(asked.map((_, n) => n === 0));
  const ended = new Set(pieces.flatMap((event) => (event.type === 'step.ended' ? [event.name] : [])));
  expect(ended).toEqual(new Set(['one', 'two', 'three']));
  expect(pieces.filter(({ type }) => type === 'run.ended')).toHaveLength(1);
});

test('there is nothing to be told of a run that nobody has, and who aborts gets the own reason', async () => {
  await expect(collect(aos.runs.stream('run_01h455vb4pex5vsknk084sn02q'))).rejects.toBeInstanceOf(NotFoundError);
  const stop = new AbortController();
  const told = collect(aos.events({ signal: stop.signal }));
  stop.abort(new Error('enough'));
  await expect(told).rejects.toThrow('enough');
});
