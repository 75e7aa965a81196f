import { type Total, totalText } from '@aos/core/base/total.ts';
import { useApi } from '../../api.ts';
import { LinkButton } from '../../ui/Button.tsx';
import { useUrlWord } from '../../url-state.ts';

/** Runs that callers made, and those that a demo or a scenario made; undefined: not known yet. */
interface Synthetic {
  real: Total | undefined;
  made: Total | undefined;
  /** What every panel asks for: where nothing else has run, what was made is all there is to see. */
  is_synthetic: 'all' | undefined;
  choose: (is_synthetic: 'all' | '') => void;
}

/** Whether the overview counts synthetic runs: one choice for all of its panels, kept in the address. */
export function useSynthetic(): Synthetic {
  const [chosen, choose] = useUrlWord('is_synthetic', '');
  const real = useApi('listRuns', { query: { limit: 1, is_synthetic: 'false' } }).data;
  const made = useApi('listRuns', { query: { limit: 1, is_synthetic: 'true' } }).data;
  return {
    real,
    made,
    is_synthetic: chosen === 'all' || (real?.total === 0 && made?.total !== 0) ? 'all' : undefined,
    choose,
  };
}

/** Where there are synthetic runs: whether the figures count them, in one line. */
export function SyntheticLine({ of: { real, made, is_synthetic, choose } }: { of: Synthetic }) {
  if (made === undefined || made.total === 0 || real === undefined) return null;
  const runs = `${totalText(made)} synthetic ${made.total === 1 ? 'run' : 'runs'}`;
  if (real.total === 0)
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
