import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { openVault, sealContext, VaultMismatch } from './vault.ts';

const data_dir = mkdtempSync(join(tmpdir(), 'aos-vault-'));
afterAll(() => rmSync(data_dir, { recursive: true }));
const vault = openVault({ secret_key: Buffer.alloc(32, 1), data_dir });
const place = sealContext('ten_1', 'providers', 'pvd_1');

const meaning = (envelope: string) =>
  envelope.split('.').map((part, at) => (at < 2 ? part : Buffer.from(part, 'base64url').toString('hex')));

describe('the vault', () => {
  test('gives back exactly what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, context) => {
        expect(vault.open(vault.seal(plain, context), context)).toBe(Buffer.from(plain).toString());
      }),
    );
  });

  test('an envelope shows nothing of the secret, and no two are equal', () => {
    const envelopes = [vault.seal('sk-secret', place), vault.seal('sk-secret', place)];
    expect(new Set(envelopes).size).toBe(2);
    for (const envelope of envelopes) {
      expect(envelope).toMatch(/^v1\.[0-9a-f]{12}\.[\w-]+\.[\w-]+$/);
      expect(Buffer.from(envelope.split('.').at(-1) ?? '', 'base64url').includes('sk-secret')).toBe(false);
    }
  });

  test('a secret opens only in its own place', () => {
    const envelope = vault.seal('sk-secret', place);
    for (const other of [
      ['ten_2', 'providers', 'pvd_1'],
      ['ten_1', 'channels', 'pvd_1'],
      ['ten_1', 'providers', 'pvd_2'],
    ]) {
      expect(() => vault.open(envelope, sealContext(other[0] ?? '', other[1] ?? '', other[2] ?? ''))).toThrow(
        VaultMismatch,
      );
    }
  });

  test('no changed character opens', () => {
    const envelope = vault.seal('sk-secret', place);
    fc.assert(
      fc.property(fc.nat(envelope.length - 1), fc.constantFrom(...'Aa9.-_'), (at, letter) => {
        const changed = envelope.slice(0, at) + letter + envelope.slice(at + 1);
        // The last letter of base64 may carry bits that mean nothing.
        fc.pre(JSON.stringify(meaning(changed)) !== JSON.stringify(meaning(envelope)));
        expect(() => vault.open(changed, place)).toThrow(VaultMismatch);
      }),
    );
    expect(() => vault.open('', place)).toThrow(VaultMismatch);
    expect(() => vault.open(`${envelope}.x`, place)).toThrow(VaultMismatch);
  });

  test('another installation key is told from a changed envelope', () => {
    const other = openVault({ secret_key: Buffer.alloc(32, 2), data_dir });
    expect(() => other.open(vault.seal('x', place), place)).toThrow(
      /sealed under another installation key.*AOS_SECRET_KEY/,
    );
  });

  test('without a configured key the data folder keeps one, for its owner alone', () => {
    const envelope = openVault({ secret_key: null, data_dir }).seal('x', place);
    expect(openVault({ secret_key: null, data_dir }).open(envelope, place)).toBe('x');
    expect(statSync(join(data_dir, 'secret.key')).mode & 0o777).toBe(0o600);
    expect(readdirSync(data_dir)).toEqual(['secret.key']);
  });

  test('a damaged key file is refused, not replaced', () => {
    writeFileSync(join(data_dir, 'secret.key'), 'short');
    expect(() => openVault({ secret_key: null, data_dir })).toThrow(/does not hold 32 bytes/);
  });
});
