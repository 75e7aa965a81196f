import type { UseQueryResult } from '@tanstack/react-query';
import type { ApiProblem } from '../problem.ts';
import { clockText } from '../ui/format.ts';
import { Failed } from '../ui/States.tsx';

export type Source<A = unknown> = Pick<
  UseQueryResult<A, ApiProblem>,
  'data' | 'error' | 'isError' | 'dataUpdatedAt' | 'refetch'
>;

/** Over what could not be loaded again, or not all of it: what failed, and of when it is what is still shown. */
export function Trouble({ what, of }: { what: string; of: readonly Source[] }) {
  const failed = of.filter(({ isError }) => isError);
  const error = failed[0]?.error;
  if (!error) return null;
  const kept = failed.filter(({ data }) => data !== undefined).map(({ dataUpdatedAt }) => dataUpdatedAt);
  return (
    <>
      <Failed what={what} error={error} onRetry={() => failed.forEach(({ refetch }) => void refetch())} />
      {kept.length > 0 && <p className="quiet">What is shown is of {clockText(Math.min(...kept))} UTC.</p>}
    </>
  );
}
