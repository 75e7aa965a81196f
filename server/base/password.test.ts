import { expect, test } from 'vitest';
import { hashPassword, isPassword } from './password.ts';

test('a password is known by its hash alone, and two hashes of it differ', async () => {
  const [one, other] = await Promise.all([
    hashPassword('correct horse battery'),
    hashPassword('correct horse battery'),
  ]);
  expect(one).not.toBe(other);
  expect(one).not.toContain('horse');
  expect(await isPassword('correct horse battery', one)).toBe(true);
  expect(await isPassword('correct horse batterx', one)).toBe(false);
  expect(await isPassword('correct horse battery', null)).toBe(false);
});

test('the same letters in another composition are the same password', async () => {
  expect(await isPassword('se\u0301same ouvre-toi', await hashPassword('s\u00e9same ouvre-toi'))).toBe(true);
});
