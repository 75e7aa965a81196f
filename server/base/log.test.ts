import { describe, expect, test } from 'vitest';
import { openLog } from './log.ts';

function lines(level = 'debug') {
  const written: string[] = [];
  const log = openLog(level, { write: (line: string) => void written.push(line) });
  return { log, last: () => JSON.parse(written.at(-1) ?? 'null') as Record<string, unknown>, written };
}

describe('the log', () => {
  test('writes one JSON object per line, with level, time and message', () => {
    const { log, last, written } = lines();
    log.info({ run_id: 'run_1' }, 'a run ended');
    expect(last()).toMatchObject({ level: 'info', run_id: 'run_1', msg: 'a run ended' });
    expect(String(last().time)).toMatch(/^\d{4}-.*Z$/);
    expect(written[0]?.endsWith('\n')).toBe(true);
  });

  test('never writes a secret, at any depth and inside any text', () => {
    const { log, written } = lines();
    const secret = 'S3cr3tS3cr3tS3cr3tS3cr3t';
    const headers = { Authorization: `Bearer ${secret}`, 'x-api-key': secret, 'X-AOS-Key': secret, cookie: secret };
    log.error({ headers, provider: { api_key: secret, secret, deep: [{ secret_envelope: secret }] } }, 'failed');
    log.error({ error: new Error(`connect to postgres://aos:${secret}@db/aos`) }, `key aos_live_${secret}abc123`);
    log.error({ url: `https://u:${secret}@h`, note: `authorization: Bearer ${secret}` }, `sk-${secret}`);
    log.child({ api_key: secret }).info({}, 'child');
    expect(written).toHaveLength(4);
    expect(written.join('')).not.toContain(secret);
    expect(written.join('')).toContain('[redacted]');
  });

  test('keeps ids and hints of keys', () => {
    const { log, last } = lines();
    log.info({ api_key_id: 'key_1', hint: 'aos_live…1234' }, 'x');
    expect(last()).toMatchObject({ api_key_id: 'key_1', hint: 'aos_live…1234' });
  });

  test('strips what hides or forges text, and cuts what is endless', () => {
    const { log, last, written } = lines();
    log.info({ name: `a\u001b[31m\u202eb\u0000c\r` }, `one\u2066two`);
    expect(last()).toMatchObject({ name: 'a[31mbc', msg: 'onetwo' });
    log.info({ text: 'x'.repeat(1_000_000), list: Array(1000).fill(1) }, 'long');
    expect(written.at(-1)?.length).toBeLessThan(5_000);
  });

  test('takes what would break JSON or prototypes', () => {
    const { log, last } = lines();
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    log.info({ circle, big: 10n, bytes: Buffer.from('abc'), ...JSON.parse('{"__proto__": {"polluted": 1}}') }, 'odd');
    expect(last()).toMatchObject({ big: '10', bytes: '[3 bytes]' });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test('an error keeps its cause and code', () => {
    const { log, last } = lines();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    log.error({ error: new Error('no database', { cause }) }, 'failed');
    expect(last().error).toMatchObject({ message: 'no database', cause: { code: 'ECONNREFUSED' } });
  });

  test('what stands below the level is not written', () => {
    const { log, written } = lines('warn');
    log.info({}, 'quiet');
    expect(written).toHaveLength(0);
  });
});
