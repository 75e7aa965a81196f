import type { Answer } from '../../api.ts';
import { Chips, toId } from '../../parts/Chips.tsx';
import { lookOf } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { shortId } from '../../ui/format.ts';
import type { RunDetail } from './RunHead.tsx';
import { whyNoIncident } from './RunIncident.tsx';
import { type Decided, knownOf } from './run-decisions.ts';

interface Props {
  run: RunDetail;
  decided: Decided;
  incident: Answer<'getIncident'> | undefined;
}

/** The ways from the run to what belongs to it; a missing one says why, and one that is not read yet says so. */
export function RunChips({ run, decided, incident }: Props) {
  const unread = typeof decided === 'string' ? decided : null;
  const strict = typeof decided === 'string' ? undefined : decided.find(({ verdict }) => verdict !== 'continue');
  return (
    <Chips
      run={run.parent_run_id ? toId(run.parent_run_id, '') : 'this one'}
      incident={run.incident_ids.length > 0 ? incidentOf(run, incident) : whyNoIncident(run, decided)}
      policy={unread ?? policyOf(run, decided)}
      log={recordsOf(run) > 0 ? logOf(run) : 'no record: no provider was called'}
      decision={unread ?? toId(strict?.id, run.mode === 'reported' ? 'none: only reported' : 'every one let it pass')}
    />
  );
}

function incidentOf({ incident_ids }: RunDetail, incident: Answer<'getIncident'> | undefined) {
  const [first = '', ...others] = incident_ids;
  const word = incident === undefined ? '' : ` ${lookOf('severity', incident.severity).word.toLowerCase()}`;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return {
    href: hrefOf(incident?.id ?? first),
    text: (
      <>
        <code>{shortId(incident?.id ?? first)}</code>
        {word}
        {more}
      </>
    ),
  };
}

/** The policy of the latest decision that said no; what a person stopped since does not hide it. */
function policyOf({ kill }: RunDetail, decided: Decided) {
  const by = knownOf(decided)
    .filter(({ verdict }) => verdict !== 'continue')
    .flatMap(({ contributions, control_id }) =>
      contributions.filter((of) => of.fired && of.control_id === control_id && of.policy_id.startsWith('pol_')),
    )[0];
  if (by) return { href: hrefOf(by.policy_id), text: `${by.policy_name} v${by.policy_version}` };
  return kill && kill.by.kind !== 'policy' ? 'none: a person killed it' : 'none said no';
}

/** A call that was refused was not sent, and has no record. */
export const recordsOf = ({ calls, refused_calls }: Pick<RunDetail, 'calls' | 'refused_calls'>): number =>
  calls - refused_calls;

const logOf = (run: RunDetail) => ({
  href: `/logs?run=${run.id}${run.is_synthetic ? '&is_synthetic=all' : ''}`,
  text: `${recordsOf(run)} ${recordsOf(run) === 1 ? 'record' : 'records'}`,
});
