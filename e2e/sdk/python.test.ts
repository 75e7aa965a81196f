import { execFile, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { api, expectStatus } from '../parts/client.ts';
import { freshDatabase, type TestDatabase } from '../parts/database.ts';
import { type ServerProcess, startServer } from '../parts/processes.ts';

const run = promisify(execFile);
const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const package_path = here('../../sdk/py');
const has_python = spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;

let database: TestDatabase;
let server: ServerProcess;
beforeAll(async () => {
  if (!has_python) return;
  database = await freshDatabase('postgres');
  server = await startServer({ database_url: database.url });
});
afterAll(async () => {
  await server?.stop();
  await database?.drop();
});

const python = (args: string[]) =>
  run('python3', args, {
    timeout: 240_000,
    env: {
      ...process.env,
      PYTHONPATH: package_path,
      PYTHONDONTWRITEBYTECODE: '1',
      AOS_URL: server.url,
      AOS_API_KEY: server.admin_key,
    },
  });

describe.skipIf(!has_python)('aos_sdk (skipped where there is no python3 of 3.9 or later)', () => {
  test('runs the sample of the documentation as it is written, but for where the server listens', async () => {
    const sample = readFileSync(here('./fixtures/sample.py'), 'utf8').replace('http://localhost:8000', server.url);
    const shown = 'import json; print(json.dumps([caps, sim, run, result]))';
    const { stdout } = await python(['-c', `${sample}\n${shown}`]);
    const [caps, sim, posted, result] = JSON.parse(stdout) as Record<string, unknown>[];
    expect(caps).toMatchObject({ role: 'owner', skills: expect.arrayContaining([expect.anything()]) });
    expect(sim).toMatchObject({ feasible: true, decision: 'continue', matched_policies: [] });
    expect(result).toMatchObject({ id: posted?.id, status: 'succeeded', agent_slug: '...' });
    const seen = await api(server).get<{ status: string }>(`/api/v1/runs/${String(posted?.id)}`);
    expect(expectStatus(200, seen).status).toBe('succeeded');
  });

  test('passes its own tests', async () => {
    const { stderr } = await python(['-W', 'error', '-m', 'unittest', 'discover', path.join(package_path, 'tests')]);
    expect(stderr).toMatch(/Ran 1\d tests[\s\S]*\nOK\s*$/);
  });
});
