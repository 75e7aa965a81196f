/** How many there are: the exact number where it is known, and at least how many. */
export interface Total {
  total: number | null;
  total_at_least: number;
}

/** Of what is counted to its end. */
export const exactly = (total: number): Total => ({ total, total_at_least: total });

const grouped = new Intl.NumberFormat('en-US');

/** `12,431`, or `≥ 10,000` where no more is known. */
export const totalText = ({ total, total_at_least }: Total): string =>
  total === null ? `≥ ${grouped.format(total_at_least)}` : grouped.format(total);
