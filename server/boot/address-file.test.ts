import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from '../base/config.ts';
import { openLog } from '../base/log.ts';
import { keepAddress } from './address-file.ts';

const data_dir = mkdtempSync(join(tmpdir(), 'aos-address-'));
const path = join(data_dir, 'address');
afterAll(() => rmSync(data_dir, { recursive: true, force: true }));

/** A server of this data folder; it has not opened its port yet. */
function starting() {
  const server = createServer();
  const config = { ...readConfig({}), data_dir, host: '127.0.0.1', port: 0 };
  return { server, forget: keepAddress(server, { config, log: openLog('silent') }) };
}

const listen = (server: Server, port: number) =>
  new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

test('the address is that of the port which was opened, and a start on a taken port leaves it alone', async () => {
  const first = starting();
  const port = await listen(first.server, 0);
  const kept = `http://127.0.0.1:${port}\n`;
  expect(readFileSync(path, 'utf8')).toBe(kept);
  const second = starting();
  await expect(listen(second.server, port)).rejects.toThrow('EADDRINUSE');
  second.forget();
  expect(readFileSync(path, 'utf8')).toBe(kept);
  first.forget();
  expect(existsSync(path)).toBe(false);
  first.server.close();
});

test('what another process has put there meanwhile stays', async () => {
  const { server, forget } = starting();
  await listen(server, 0);
  writeFileSync(path, 'http://127.0.0.1:9\n');
  forget();
  expect(existsSync(path)).toBe(true);
  server.close();
});
