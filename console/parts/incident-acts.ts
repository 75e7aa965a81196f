import { type Answer, type Input, type Item, inProject, useAct } from '../api.ts';
import type { Filtering } from '../ui/Filters.tsx';
import { useToast } from '../ui/Toast.tsx';

export type Group = Extract<Item<'listIncidents'>, { grouped_by: unknown }>;
type Body = NonNullable<Input<'changeIncidents'>['body']>;
type Act = NonNullable<Body['act']>;
type Changed = Answer<'changeIncidents'>;

/** What a list of incidents is narrowed to: what is done with a row of it is done to what it counts and to no other. */
export type Among = NonNullable<Body['among']>;
/** Incidents by their ids, or those of a list that are like one. */
export type Which = { ids: string[] } | { like: string; among: Among };

/** Filters that have one value, and not several. */
const of_one = new Set(['from', 'to', 'is_synthetic']);

/** The query of a list, as it stands in the address and in the project that is chosen, for the body of a request. */
export function amongOf(status: string, filters: Filtering): Among {
  const said = Object.entries({ ...filters, status: [status] })
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => [name, of_one.has(name) ? values[0] : values]);
  return inProject('listIncidents', Object.fromEntries(said)) as Among;
}

/** What all incidents of a row have in common, whichever is the newest of them. */
export const groupKey = ({ key }: Group): string =>
  [key.violation_policy_id, key.agent_id ?? 'no-agent', key.category].join(' ');

/** For messages. */
export const groupName = ({ policy_name, agent_slug }: Group): string =>
  `${policy_name ?? 'no policy'}, ${agent_slug ?? 'no agent'}`;

const nothing_done = 'Nothing to do: somebody was faster';
const counted = (count: number): string => (count === 1 ? '1 incident' : `${count} incidents`);
const hour_ms = 3_600_000;
/** The shortest acknowledgement there is. */
const least_hours = 0.25;

/** Those that were acknowledged together have one time and one request. */
function together(acknowledged: Changed['acknowledged']) {
  const by_end = new Map<string, { ids: string[] } & Pick<Changed['acknowledged'][number], 'until' | 'escalates'>>();
  for (const { id, until, escalates } of acknowledged) {
    const key = JSON.stringify([until, escalates]);
    by_end.set(key, { until, escalates, ids: [...(by_end.get(key)?.ids ?? []), id] });
  }
  return by_end.values();
}

interface After {
  /** Which it was, where several are in sight. */
  name?: string;
  onDone?: () => void;
  undo?: boolean;
}

/** What people do with incidents: one, several or a whole group; what can be taken back says so. */
export function useIncidentActs() {
  const change = useAct('changeIncidents');
  const toast = useToast();
  const failed = (error: unknown) => toast((error as Error).message, { tone: 'crit' });
  const act = (which: Which, of: Act, done: string, { name, onDone, undo = false }: After = {}) =>
    change.mutate(
      { body: { ...which, act: of } },
      {
        onError: failed,
        onSuccess: (all) => {
          onDone?.();
          const { changed, remaining } = all;
          if (changed.length === 0) return toast(nothing_done, { tone: 'crit' });
          const what = changed.length === 1 ? name : [counted(changed.length), name].filter(Boolean).join(' of ');
          const more = remaining > 0 ? `; ${remaining} more are left` : '';
          toast(`${done}${what ? `: ${what}` : ''}${more}`, undo ? { undo: () => void takeBack([all]) } : {});
        },
      },
    );
  /** The same with each of several groups, one after the other; told once. */
  const actOnEach = async (groups: readonly Which[], of: Act, done: string) => {
    const all: Changed[] = [];
    try {
      for (const group of groups) all.push(await change.mutateAsync({ body: { ...group, act: of } }));
    } catch (error) {
      failed(error);
    }
    const count = all.reduce((sum, { changed }) => sum + changed.length, 0);
    if (count > 0) toast(`${done}: ${counted(count)}`, { undo: () => void takeBack(all) });
  };
  /** As it was before: open again, and acknowledged for as long as they were where they were. */
  const takeBack = async (all: readonly Changed[]) => {
    const reason = 'Taken back';
    const as_it_was = { kind: 'reopen' as const, reason };
    try {
      let count = 0;
      for (const { changed, acknowledged } of all) {
        if (changed.length === 0) continue;
        count += (await change.mutateAsync({ body: { ids: changed, act: as_it_was } })).changed.length;
        for (const { ids, until, escalates } of together(acknowledged)) {
          const hours = (Date.parse(until ?? '') - Date.now()) / hour_ms;
          const act = { kind: 'acknowledge' as const, reason, hours, ...(escalates && { escalates }) };
          if (hours >= least_hours) await change.mutateAsync({ body: { ids, act } });
        }
      }
      toast(count === 0 ? nothing_done : `As before: ${counted(count)}`, count === 0 ? { tone: 'crit' } : {});
    } catch (error) {
      failed(error);
    }
  };
  return { act, actOnEach, busy: change.isPending, error: change.error };
}
