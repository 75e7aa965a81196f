import { assert, present } from '@aos/core/base/assert.ts';
import { ceilDiv } from '@aos/core/base/money.ts';

/** The identity of a balance: one control, one subject, one window. There is no reset: a new window is a new balance. */
export const balanceKey = (control: string, subject: string, window: string): string =>
  `${control}|${subject}|${window}`;

/**
 * What one limit asks of one call. With `o` output tokens the amount is ceil((base + o × rate) / scale), in the limit's
 * smallest unit (nano-dollars, tokens, calls).
 */
export interface Line {
  key: string;
  /** null: counted, never refused. */
  cap: bigint | null;
  base: bigint;
  rate: bigint;
  scale: bigint;
  /** false: counted like the others, but has no say (shadow mode, warn). */
  enforce: boolean;
}

/** A call asks for `output_bound` output tokens and takes no less than `output_min`; equal ones never shrink. */
export interface Ask {
  lines: readonly Line[];
  output_bound: number;
  output_min: number;
}

export interface Lack {
  key: string;
  /** The least that the call would have held. */
  asked: bigint;
  posted: bigint;
  pending: bigint;
  cap: bigint;
}

export type Admission =
  | { admitted: true; hold: number; output_bound: number; clamped: boolean; amounts: Map<string, bigint> }
  | { admitted: false; lacks: Lack[] };

export interface Ending {
  kind: 'settled' | 'released';
  actual: Map<string, bigint>;
  /** By how much the provider's report exceeds the hold, where it does. */
  over: Map<string, bigint>;
}

interface Hold {
  amounts: Map<string, bigint>;
  ending: Ending | null;
}

interface Balance {
  posted: bigint;
  pending: bigint;
  /** The highest cap that ever allowed an enforced hold; null while none did. */
  cap: bigint | null;
  /** Σ of what was settled beyond its hold. */
  over: bigint;
  /** Some hold was taken without asking the cap, so the cap says nothing about the sum. */
  unchecked: boolean;
}

export const amountOf = ({ base, rate, scale }: Line, output: number): bigint =>
  ceilDiv(base + BigInt(output) * rate, scale);

/**
 * The reference of reserve-then-settle, one call at a time, without a database: what a real store must agree with on any
 * sequence of operations. Written to be read, not to be fast: the clamp tries every output bound from above.
 */
export class Books {
  readonly #balances = new Map<string, Balance>();
  readonly #holds: Hold[] = [];

  /** Takes all holds of a call or none. An output bound is shortened to the most that every enforced line can pay. */
  admit({ lines, output_bound, output_min }: Ask): Admission {
    assert(output_min >= 0 && output_min <= output_bound, 'the output minimum lies between 0 and the bound');
    assert(new Set(lines.map(({ key }) => key)).size === lines.length, 'a call has one line per balance');
    const lacks = lines.flatMap((line) => this.#lack(line, output_min));
    if (lacks.length > 0) return { admitted: false, lacks };
    let output = output_bound;
    while (lines.some((line) => this.#lack(line, output).length > 0)) output -= 1;
    const amounts = new Map(lines.map((line) => [line.key, amountOf(line, output)]));
    for (const line of lines) this.#hold(line, present(amounts.get(line.key), 'amount'));
    this.#holds.push({ amounts, ending: null });
    return {
      admitted: true,
      hold: this.#holds.length - 1,
      output_bound: output,
      clamped: output < output_bound,
      amounts,
    };
  }

  /** Posts what a call really cost, also beyond its hold. Ends a hold once: a later ending gets the first one back. */
  settle(hold_id: number, actual: ReadonlyMap<string, bigint>): Ending {
    const hold = present(this.#holds[hold_id], `hold ${hold_id}`);
    if (hold.ending) return hold.ending;
    assert(actual.size === hold.amounts.size, 'a settlement names every balance of its hold');
    const over = new Map<string, bigint>();
    for (const [key, held] of hold.amounts) {
      const balance = present(this.#balances.get(key), key);
      const cost = present(actual.get(key), `actual amount of ${key}`);
      assert(cost >= 0n, 'an actual amount is not negative');
      balance.pending -= held;
      balance.posted += cost;
      if (cost > held) {
        balance.over += cost - held;
        over.set(key, cost - held);
      }
    }
    hold.ending = { kind: 'settled', actual: new Map(actual), over };
    return hold.ending;
  }

  /** Gives a hold back whole: the call never went out. */
  release(hold_id: number): Ending {
    const hold = present(this.#holds[hold_id], `hold ${hold_id}`);
    if (hold.ending) return hold.ending;
    for (const [key, held] of hold.amounts) present(this.#balances.get(key), key).pending -= held;
    hold.ending = { kind: 'released', actual: new Map(), over: new Map() };
    return hold.ending;
  }

  /** Zeros for a balance that nothing has touched. */
  balance(key: string): { posted: bigint; pending: bigint } {
    const { posted, pending } = this.#balances.get(key) ?? { posted: 0n, pending: 0n };
    return { posted, pending };
  }

  keys(): string[] {
    return [...this.#balances.keys()];
  }

  /** Every broken invariant in words; empty when the books are right. Sums are made anew from the holds. */
  check(): string[] {
    return this.keys().flatMap((key) => {
      const { posted, pending, cap, over, unchecked } = present(this.#balances.get(key), key);
      const settled = sum(this.#holds.map(({ ending }) => ending?.actual.get(key) ?? 0n));
      const open = sum(this.#holds.map(({ amounts, ending }) => (ending ? 0n : (amounts.get(key) ?? 0n))));
      const broken: string[] = [];
      if (posted < 0n || pending < 0n) broken.push(`${key}: posted ${posted}, pending ${pending}: below zero`);
      if (posted !== settled) broken.push(`${key}: posted ${posted}, but settled holds sum to ${settled}`);
      if (pending !== open) broken.push(`${key}: pending ${pending}, but open holds sum to ${open}`);
      if (cap !== null && !unchecked && posted + pending > cap + over) {
        broken.push(`${key}: ${posted} + ${pending} is over the cap ${cap} (over-reported: ${over})`);
      }
      return broken;
    });
  }

  /** Reaching exactly the cap is allowed; the next unit is not. */
  #lack(line: Line, output: number): Lack[] {
    if (!line.enforce || line.cap === null) return [];
    const { posted, pending } = this.balance(line.key);
    const asked = amountOf(line, output);
    return posted + pending + asked <= line.cap ? [] : [{ key: line.key, asked, posted, pending, cap: line.cap }];
  }

  #hold({ key, cap, enforce }: Line, amount: bigint): void {
    const balance = this.#balances.get(key) ?? { posted: 0n, pending: 0n, cap: null, over: 0n, unchecked: false };
    balance.pending += amount;
    if (enforce && cap !== null) balance.cap = balance.cap === null || cap > balance.cap ? cap : balance.cap;
    else balance.unchecked = true;
    this.#balances.set(key, balance);
  }
}

const sum = (amounts: readonly bigint[]): bigint => amounts.reduce((total, amount) => total + amount, 0n);
