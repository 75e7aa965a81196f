const digits = 9;

const nanoOf = (usd: string): bigint => {
  const [whole = '0', part = ''] = usd.split('.');
  return BigInt(whole + part.padEnd(digits, '0').slice(0, digits));
};

/** What several amounts are together, exactly: `["0.1", "0.02"]` → `"0.120000000"`. */
export function sumUsd(amounts: readonly string[]): string {
  const text = String(amounts.reduce((sum, usd) => sum + nanoOf(usd), 0n)).padStart(digits + 1, '0');
  return `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}
