import { useApi } from '../../api.ts';
import { LinkButton } from '../../ui/Button.tsx';
import { exactText } from '../../ui/format.ts';
import { useUrlWord } from '../../url-state.ts';

/** Runs that callers made, and those that a demo or a scenario made; undefined: not known yet, null: uncounted many. */
interface Synthetic {
  real: number | null | undefined;
  made: number | null | undefined;
  /** What every panel asks for: where nothing else has run, what was made is all there is to see. */
  is_synthetic: 'all' | undefined;
  choose: (is_synthetic: 'all' | '') => void;
}

/** Whether the overview counts synthetic runs: one choice for all of its panels, kept in the address. */
export function useSynthetic(): Synthetic {
  const [chosen, choose] = useUrlWord('is_synthetic', '');
  const real = useApi('listRuns', { query: { limit: 1, is_synthetic: 'false' } }).data?.total;
  const made = useApi('listRuns', { query: { limit: 1, is_synthetic: 'true' } }).data?.total;
  return { real, made, is_synthetic: chosen === 'all' || (real === 0 && made !== 0) ? 'all' : undefined, choose };
}

/** Where there are synthetic runs: whether the figures count them, in one line. */
export function SyntheticLine({ of: { real, made, is_synthetic, choose } }: { of: Synthetic }) {
  if (made === undefined || made === 0 || real === undefined) return null;
  const runs = `${made === null ? 'More than 10,000' : exactText(made)} synthetic ${made === 1 ? 'run' : 'runs'}`;
  if (real === 0)
    return <p className="quiet">Everything here is synthetic: {runs}, made by a demo or a scenario, and no other.</p>;
  return (
    <p className="quiet">
      {is_synthetic ? (
        <>
          {runs} are counted too. <LinkButton onClick={() => choose('')}>Leave them out</LinkButton>
        </>
      ) : (
        <>
          {runs} are left out of all but the budgets and what waits for a person.{' '}
          <LinkButton onClick={() => choose('all')}>Count them in</LinkButton>
        </>
      )}
    </p>
  );
}
