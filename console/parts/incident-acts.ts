import { type Input, type Item, useAct } from '../api.ts';
import { useToast } from '../ui/Toast.tsx';

export type Group = Extract<Item<'listIncidents'>, { grouped_by: unknown }>;

/** One incident, or all that are like one. */
export type Which = { ids: string[] } | { like: string };
type Act = NonNullable<NonNullable<Input<'changeIncidents'>['body']>['act']>;

const nothing_done = 'Nothing to do: somebody was faster';

/** What people do with incidents: one, several or a whole group; what can be taken back says so. */
export function useIncidentActs() {
  const change = useAct('changeIncidents');
  const toast = useToast();
  const act = (which: Which, of: Act, done: string, after: { onDone?: () => void; undo?: boolean } = {}) =>
    change.mutate(
      { body: { ...which, act: of } },
      {
        onError: (error) => toast(error.message, { tone: 'crit' }),
        onSuccess: ({ changed, remaining }) => {
          after.onDone?.();
          if (changed.length === 0) return toast(nothing_done, { tone: 'crit' });
          const count = changed.length === 1 ? '' : ` ${changed.length} incidents`;
          const more = remaining > 0 ? `; ${remaining} more are left` : '';
          toast(`${done}${count}${more}`, after.undo ? { undo: () => takeBack(changed) } : {});
        },
      },
    );
  /** The same with each of several groups, one after the other; told once. */
  const actOnEach = async (groups: readonly { like: string }[], of: Act, done: string) => {
    const changed: string[] = [];
    try {
      for (const group of groups) changed.push(...(await change.mutateAsync({ body: { ...group, act: of } })).changed);
    } catch (error) {
      toast((error as Error).message, { tone: 'crit' });
    }
    if (changed.length > 0) toast(`${done} ${changed.length} incidents`, { undo: () => takeBack(changed) });
  };
  const takeBack = (ids: string[]) => act({ ids }, { kind: 'reopen', reason: 'Taken back' }, 'Open again:');
  return { act, actOnEach, busy: change.isPending, error: change.error };
}
