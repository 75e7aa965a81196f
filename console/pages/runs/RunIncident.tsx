import { useQueries } from '@tanstack/react-query';
import { Link } from 'wouter';
import { type Answer, call } from '../../api.ts';
import { useIncidentActs } from '../../parts/incident-acts.ts';
import { useMay } from '../../parts/session.ts';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { Time } from '../../ui/Time.tsx';
import styles from './Run.module.css';
import type { RunDetail } from './RunHead.tsx';
import type { Decided } from './run-decisions.ts';

type IncidentObject = Answer<'getIncident'>;

const ranks = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'];
const rank = ({ status, severity }: IncidentObject): number =>
  (status === 'resolved' ? 0 : 10) + ranks.indexOf(severity);
const most_read = 5;

/** The incidents of the run, the one that most wants somebody first. */
export function useRunIncidents({ incident_ids }: RunDetail): readonly IncidentObject[] {
  const asked = useQueries({
    queries: incident_ids.slice(0, most_read).map((id) => {
      const input = { params: { id } };
      return { queryKey: ['getIncident', input], queryFn: () => call('getIncident', input) };
    }),
  });
  return asked.flatMap(({ data }) => data ?? []).sort((a, b) => rank(b) - rank(a));
}

/** What went wrong in this run, who has it, and the way to say that one looks after it. */
export function RunIncident({ incidents, count }: { incidents: readonly IncidentObject[]; count: number }) {
  const may = useMay('operate');
  const { act, busy } = useIncidentActs();
  const [incident] = incidents;
  if (!incident) return null;
  const acknowledge = () =>
    act({ ids: [incident.id] }, { kind: 'acknowledge', hours: 4 }, 'Acknowledged for 4 h', { undo: true });
  return (
    <section className={styles.notice} aria-label="Incident of this run">
      <State of="severity" state={incident.severity} />
      <Link href={hrefOf(incident.id)} className="cut" title={incident.title}>
        <Said text={incident.title} />
      </Link>
      <State of="incident" state={incident.status} bare />
      <span className="quiet">
        {incident.status !== 'resolved' && `${incident.owner ?? 'nobody'} looks after it`}
        {incident.acknowledged_until && (
          <>
            , open again <Time at={incident.acknowledged_until} />
          </>
        )}
        {count > 1 && ` · ${count - 1} more of this run`}
      </span>
      <span className={styles.rest} />
      {incident.status === 'open' && (
        <Button
          small
          disabled={!may || busy}
          title={may ? undefined : 'Your key may read incidents, not change them'}
          onClick={acknowledge}
        >
          Acknowledge
        </Button>
      )}
    </section>
  );
}

/** Why a run has no incident. */
export function whyNoIncident({ mode }: RunDetail, decided: Decided): string {
  if (mode === 'reported') return 'none: only reported, not governed';
  if (typeof decided === 'string') return decided;
  const fired = decided.flatMap(({ contributions }) => contributions.filter((one) => one.fired));
  const enforced = fired.filter((one) => one.mode !== 'shadow');
  const quiet = enforced.find(({ incident }) => !incident);
  if (enforced.some(({ incident }) => incident)) return 'none: it belongs to one of another run, or is not written yet';
  if (quiet) return `none: ${quiet.policy_name} opens none`;
  return fired.length > 0 ? 'none: what is in shadow violates nothing' : 'none: nothing was violated';
}
