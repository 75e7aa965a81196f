import type { ReactNode } from 'react';
import { Link } from 'wouter';
import type { Answer } from '../api.ts';
import { hrefOf, id_shape } from '../paths.ts';
import { Said } from '../ui/Amount.tsx';
import { Status } from '../ui/Chip.tsx';
import { amountText, minuteText, shortId } from '../ui/format.ts';
import { SaidOfPeople } from './SaidOfPeople.tsx';
import { lookOf } from './words.tsx';

export type Decision = Answer<'getDecision'>;
export type Contribution = Decision['contributions'][number];

/** The control that made the decision what it is; undefined: none had to. */
function decidingOf(decision: Decision): Contribution | undefined {
  const { contributions, control_id, policy_id } = decision;
  return (
    contributions.find((of) => control_id !== null && of.control_id === control_id) ??
    contributions.find((of) => of.fired && of.policy_id === policy_id)
  );
}

/** The decision as one sentence: what was decided, by which policy, and why. */
export function DecisionWords({ decision }: { decision: Decision }) {
  const deciding = decidingOf(decision);
  const is_by_person = deciding?.type === 'stop';
  const { tone, glyph, word } = lookOf('verdict', decision.verdict);
  return (
    <p>
      <Status tone={tone} glyph={glyph}>
        <strong>{word}</strong>
      </Status>
      {deciding && is_by_person ? (
        <>
          : <SaidOfPeople text={deciding.reason} />
        </>
      ) : deciding ? (
        <>
          {' '}
          by <PolicyName of={deciding} />: <Said text={deciding.reason} />
          {deciding.resets_at && `; resets ${minuteText(deciding.resets_at)}`}
        </>
      ) : (
        <>: {decision.contributions.length === 0 ? 'no policy applied' : 'every policy that applied let it pass'}.</>
      )}
    </p>
  );
}

export function PolicyName({ of }: { of: Pick<Contribution, 'policy_id' | 'policy_name' | 'policy_version'> }) {
  if (!of.policy_id.startsWith('pol_')) return <span>{of.policy_name}</span>;
  return (
    <>
      <Link href={hrefOf(of.policy_id)}>{of.policy_name}</Link> <span className="quiet">v{of.policy_version}</span>
    </>
  );
}

/** Which calls the policy is for, and whose balance counted where it was not that of all together: `for agent`. */
export function scopeOf({ scope, subject }: Contribution): string {
  const target = `for ${scope.replace('api_key', 'key').replace('actor', 'human').replaceAll('_', ' ')}`;
  return subject === null || subject === '*'
    ? target
    : `${target}, counted for ${id_shape.test(subject) ? shortId(subject) : subject}`;
}

/** `used + reserved / limit` of a control at the moment of the decision. */
export function amountsOf(of: Contribution): ReactNode {
  if (of.limit === null || of.unit === null) return null;
  const reserved = of.reserved !== null && Number(of.reserved) > 0 ? ` + ${amountText(of.reserved, of.unit)}` : '';
  const asked = of.requested === null ? '' : `, asked for ${amountText(of.requested, of.unit)}`;
  return `${amountText(of.used, of.unit)}${reserved} of ${amountText(of.limit, of.unit)}${of.unit === 'usd' ? '' : ` ${of.unit.replaceAll('_', ' ')}`}${asked}`;
}
