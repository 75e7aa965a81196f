import type { Answer } from '../../api.ts';
import { Chips, toId } from '../../parts/Chips.tsx';
import type { Contribution, Decision } from '../../parts/DecisionWords.tsx';
import { lookOf } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { shortId } from '../../ui/format.ts';
import type { RunDetail } from './RunHead.tsx';
import { whyNoIncident } from './RunIncident.tsx';

interface Props {
  run: RunDetail;
  decisions: readonly Decision[];
  incident: Answer<'getIncident'> | undefined;
}

/** The ways from the run to what belongs to it; a missing one says why. */
export function RunChips({ run, decisions, incident }: Props) {
  const strict = decisions.find(({ verdict }) => verdict !== 'continue');
  return (
    <Chips
      run={run.parent_run_id ? toId(run.parent_run_id, '') : 'this one'}
      incident={run.incident_ids.length > 0 ? incidentOf(run, incident) : whyNoIncident(run, decisions)}
      policy={policyOf(strict)}
      log={run.calls > 0 ? logOf(run) : 'no record: no provider was called'}
      decision={toId(strict?.id, run.mode === 'reported' ? 'none: only reported' : 'every one let it pass')}
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

function policyOf(decision: Decision | undefined) {
  const by: Contribution | undefined = decision?.contributions.find(
    ({ control_id, fired }) => fired && control_id === decision.control_id,
  );
  if (!by?.policy_id.startsWith('pol_')) return 'none said no';
  return { href: hrefOf(by.policy_id), text: `${by.policy_name} v${by.policy_version}` };
}

const logOf = ({ id, calls, is_synthetic }: RunDetail) => ({
  href: `/logs?run=${id}${is_synthetic ? '&is_synthetic=all' : ''}`,
  text: `${calls} ${calls === 1 ? 'record' : 'records'}`,
});
