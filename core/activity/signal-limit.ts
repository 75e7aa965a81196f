/** A limit as it stands for one of its subjects, in words as its policy has them. */
export interface LimitFacts {
  policy_name: string;
  mode: 'enforce' | 'shadow';
  control_id: string;
  /** For example `cost of $10.00 in one day (UTC)`. */
  limit: string;
  /** Whose balance it is, by name; null: all is counted together. */
  whose: string | null;
  used: string;
  used_percent: number;
  resets_at: string | null;
}

/** What a signal says of a limit: of which policy, for whom, and how much of it is used. */
export const limitText = ({ policy_name, limit, whose, used }: LimitFacts): string =>
  `${policy_name}${whose === null ? '' : ` for ${whose}`}: ${used} used of the limit on ${limit}`;
