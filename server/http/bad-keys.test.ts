import { expect, test } from 'vitest';
import { readConfig } from '../base/config.ts';
import { createBadKeys, networkOf } from './bad-keys.ts';

function badKeys() {
  let now_ms = 0;
  const clock = { monotonic: () => now_ms, now: () => now_ms, follow: () => undefined };
  const keys = createBadKeys({ clock, config: readConfig({ AOS_BAD_KEYS_PER_MINUTE: '60' }) });
  const pass = (ms: number) => {
    now_ms += ms;
  };
  return { keys, pass };
}

test('an address with many bad keys waits, one that is known to be good does not, and others are not touched', () => {
  const { keys, pass } = badKeys();
  keys.admit('good', 'a').wasGood();
  for (let n = 0; n < 60; n++) keys.admit(`bad ${n}`, 'a').wasBad();
  expect(() => keys.admit('bad', 'a')).toThrow(
    expect.objectContaining({ code: 'rate_limit_exceeded', retry_after_s: 1 }),
  );
  keys.admit('good', 'a').wasGood();
  keys.admit('bad', 'b').wasBad();
  pass(1_000);
  keys.admit('bad', 'a').wasBad();
  expect(() => keys.admit('bad', 'a')).toThrow();
});

test('good keys, and look-ups that nobody answered, fill nothing', () => {
  const { keys } = badKeys();
  for (let n = 0; n < 500; n++) keys.admit(`good ${n}`, 'a').wasGood();
  for (let n = 0; n < 500; n++) keys.admit(`unknown ${n}`, 'a').isUnknown();
  keys.admit('new', 'a').wasGood();
});

test('a key that has stopped to be good is counted again', () => {
  const { keys } = badKeys();
  keys.admit('revoked', 'a').wasGood();
  for (let n = 0; n < 61; n++) keys.admit('revoked', 'a').wasBad();
  expect(() => keys.admit('revoked', 'a')).toThrow();
});

test.each([
  ['10.0.0.1', '10.0.0.1'],
  ['::ffff:10.0.0.1', '10.0.0.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0db8:1:2::9', '2001:db8:1:2'],
  ['2001:db8::1', '2001:db8:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
