const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** The id of a step that begins at this instant: a UUIDv7 in Crockford's base32, as the server makes them. */
export function stepIdAt(epoch_ms: number): string {
  const random = crypto.getRandomValues(new BigUint64Array(2));
  const high = (BigInt(epoch_ms) << 16n) | 0x7000n | ((random[0] ?? 0n) & 0xfffn);
  const low = (2n << 62n) | ((random[1] ?? 0n) & ((1n << 62n) - 1n));
  let value = (high << 64n) | low;
  let text = '';
  for (let n = 0; n < 26; n++) {
    text = alphabet[Number(value & 31n)] + text;
    value >>= 5n;
  }
  return `stp_${text}`;
}

/** The instant that an id carries, in milliseconds since 1970. */
export function createdAt(id: string): number {
  let value = 0;
  for (const letter of id.slice(-26, -16)) value = value * 32 + alphabet.indexOf(letter);
  return value;
}
