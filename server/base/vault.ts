import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';

/** Keeps secrets at rest: what is sealed for one place opens at no other place and under no other installation key. */
export interface Vault {
  /** Text of the form `v1.<key id>.<wrapped data key>.<sealed text>`. `context` says where it will stand. */
  seal(plain: string, context: string): string;
  /** @throws VaultMismatch when the installation key or the context is not the one it was sealed with. */
  open(envelope: string, context: string): string;
}

export class VaultMismatch extends Error {
  override name = 'VaultMismatch';
}

/** The place of a secret: a column of this row. */
export const sealContext = (tenant_id: string, table: string, row: string): string => `${tenant_id}|${table}|${row}`;

/** Takes the installation key from the configuration, else from the data folder, where it is made when missing. */
export function openVault(config: Pick<Config, 'secret_key' | 'data_dir'>): Vault {
  return vaultOf(config.secret_key ?? keptKey(config.data_dir));
}

const version = 'v1';
const key_bytes = 32;
/** The nonce size that AES-GCM takes without hashing (NIST SP 800-38D, 8.2); a fresh key and nonce for each secret. */
const nonce_bytes = 12;
const tag_bytes = 16;

function vaultOf(installation_key: Buffer): Vault {
  const key_id = createHash('sha256')
    .update('aos installation key')
    .update(installation_key)
    .digest('hex')
    .slice(0, 12);
  return {
    seal(plain, context) {
      const data_key = randomBytes(key_bytes);
      const wrapped = encrypt(installation_key, data_key, `${version}|key|${context}`);
      const sealed = encrypt(data_key, Buffer.from(plain, 'utf8'), `${version}|text|${context}`);
      return [version, key_id, wrapped, sealed].join('.');
    },
    open(envelope, context) {
      const [tag, sealed_under, wrapped = '', sealed = '', ...rest] = envelope.split('.');
      if (tag !== version || rest.length > 0 || sealed === '') {
        throw new VaultMismatch('A stored secret is not in a form that this version can open.');
      }
      if (sealed_under !== key_id) {
        throw new VaultMismatch(
          `A stored secret was sealed under another installation key (${sealed_under}; this process has ${key_id}). ` +
            'Set AOS_SECRET_KEY to the key it was sealed with, or give this process the file secret.key of that data folder. ' +
            'If that key is lost, enter the secret again.',
        );
      }
      const data_key = decrypt(installation_key, wrapped, `${version}|key|${context}`);
      return decrypt(data_key, sealed, `${version}|text|${context}`).toString('utf8');
    },
  };
}

function encrypt(key: Buffer, plain: Buffer, context: string): string {
  const nonce = randomBytes(nonce_bytes);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

function decrypt(key: Buffer, text: string, context: string): Buffer {
  const bytes = Buffer.from(text, 'base64url');
  const nonce = bytes.subarray(0, nonce_bytes);
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tag_bytes })
      .setAAD(Buffer.from(context))
      .setAuthTag(bytes.subarray(-tag_bytes));
    return Buffer.concat([decipher.update(bytes.subarray(nonce_bytes, -tag_bytes)), decipher.final()]);
  } catch (cause) {
    throw new VaultMismatch('A stored secret was changed, or stands where it was not sealed for.', { cause });
  }
}

/** Several processes may start on one folder: the file appears whole, under the name, once. */
function keptKey(data_dir: string): Buffer {
  const path = join(data_dir, 'secret.key');
  const known = readKey(path);
  if (known) return known;
  // As the owner of a data folder makes it: root's is passed through by the database's unprivileged user.
  mkdirSync(data_dir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(key_bytes).toString('base64')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  const made = readKey(path);
  if (!made) throw new VaultMismatch(`The file ${path} vanished while it was made.`);
  return made;
}

function readKey(path: string): Buffer | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const key = Buffer.from(text, 'base64');
  if (key.length === key_bytes) return key;
  throw new VaultMismatch(`The file ${path} does not hold 32 bytes in base64: restore it, or set AOS_SECRET_KEY.`);
}
