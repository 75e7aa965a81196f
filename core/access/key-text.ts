/**
 * The text of a key: `aos_<environment>_<32 random characters><checksum>`. The last six characters are the CRC-32 of
 * what stands before them, in base 62: secret scanners and typo hints need no look-up. 32 characters of base 62 carry
 * 190 bits.
 */
const shape = /^aos_[a-z0-9]{1,16}_[0-9A-Za-z]{22,}$/;
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const random_length = 32;
const checksum_length = 6;

/** Any key, ours or chosen by the operator: 24 to 256 visible ASCII characters. */
export const key_shape = /^[\x21-\x7e]{24,256}$/;

/** `random(n)` gives n bytes that nobody can guess. */
export function makeKeyText(environment: string, random: (bytes: number) => Uint8Array): string {
  let body = '';
  while (body.length < random_length) {
    for (const byte of random(2 * random_length)) {
      // 248 is the greatest multiple of 62 a byte holds: beyond it some digits would come more often than others.
      if (byte < 248 && body.length < random_length) body += digits[byte % 62];
    }
  }
  const text = `aos_${environment}_${body}`;
  return text + checksumOf(text);
}

/** It claims to be one of our keys and cannot be: mistyped, cut or made up. */
export function hasWrongChecksum(text: string): boolean {
  if (!text.startsWith('aos_')) return false;
  return !shape.test(text) || checksumOf(text.slice(0, -checksum_length)) !== text.slice(-checksum_length);
}

/** How a key is recognised in a list without being told: its first eight and last four characters. */
export const hintOf = (text: string): string => `${text.slice(0, 8)}…${text.slice(-4)}`;

function checksumOf(text: string): string {
  let value = crc32(text);
  let result = '';
  for (let i = 0; i < checksum_length; i++) {
    result = digits[value % 62] + result;
    value = Math.floor(value / 62);
  }
  return result;
}

/** CRC-32 as in ISO 3309 and zlib, of ASCII text. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) {
    crc ^= text.charCodeAt(i) & 0xff;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
