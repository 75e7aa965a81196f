import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import { Turns } from './turns.ts';

/** 32 MB and some 80 ms for each guess: what OWASP asks of scrypt at least. */
const cost: ScryptOptions & { N: number; r: number; p: number } = { N: 2 ** 15, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };
const key_bytes = 32;

/** Half of the threads that files and names of hosts wait for too; whoever waits does so for a few seconds. */
const turns = new Turns(2, 50);

/** Whatever hashes for somebody who is not known yet does it in here. */
export const atPasswordTurn = <T>(work: () => Promise<T>): Promise<T> => turns.take(work);

const derived = (password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> =>
  new Promise((resolve, reject) =>
    scrypt(password.normalize('NFKC'), salt, key_bytes, options, (error, key) =>
      error ? reject(error) : resolve(key),
    ),
  );

/** `scrypt$N$r$p$salt$key`: what is needed to check it later stands in it. */
export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derived(password, salt, cost);
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}

/** Takes as long when there is nothing to compare with: who does not exist is not told apart by time. */
export async function isPassword(password: string, kept: string | null): Promise<boolean> {
  const [, N, r, p, salt = '', key = ''] = (kept ?? '').split('$');
  const options = kept === null ? cost : { N: Number(N), r: Number(r), p: Number(p), maxmem: cost.maxmem as number };
  const found = await derived(password, kept === null ? randomBytes(16) : Buffer.from(salt, 'base64url'), options);
  const wanted = Buffer.from(key, 'base64url');
  return kept !== null && found.length === wanted.length && timingSafeEqual(found, wanted);
}
