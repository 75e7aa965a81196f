import { refuses } from './action.ts';
import type { PolicyFinding } from './beside.ts';
import { typeOf } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import { amountText, listOf, windowText } from './sentence.ts';
import { shortWindows } from './short-window.ts';

/** What is known of the calls that a policy is about, and of the keys that make them, when it is checked. */
export interface Exposure {
  /** Keys that may call where calls of the target have come from lately, and how many of them are bound to nobody. */
  keys: { total: number; any_agent: number; any_actor: number; projects: readonly string[] };
  /** Somebody of the target has called lately. */
  is_called: boolean;
  /** How long a typical run of the target lasts; null: none has ended lately, or it does not matter. */
  typical_run_ms: number | null;
  /** What is used already of limits that go on counting, by the place of their control; `cap`: what is allowed now. */
  used: ReadonlyMap<number, { amount: bigint; cap: bigint; subject: string }>;
  /** Names of the key that writes the policy and of those it is bound to, that are in the target. */
  writer: { key: string | null; actors: readonly string[] };
}

/** Over which time it is looked who called. */
export const exposure_days = 30;

/** What of a policy could be walked around, acts at once, meets nothing or hits the one who writes it. */
export function exposureFindings(document: PolicyDocument, exposure: Exposure): PolicyFinding[] {
  const unmet: PolicyFinding = {
    level: 'warning',
    path: 'target',
    message: `it matches 0 runs in ${exposure_days} days`,
  };
  return [
    ...evasions(document, exposure.keys),
    ...(exposure.is_called || document.target.kind === 'all_runs' ? [] : [unmet]),
    ...usedUp(document, exposure.used),
    ...shortWindows(document, exposure.typical_run_ms),
    ...ownCalls(document, exposure.writer),
  ];
}

const headers = { agent: 'x-aos-agent-id', actor: 'x-aos-actor-id' } as const;

function evasions({ target, controls }: PolicyDocument, keys: Exposure['keys']): PolicyFinding[] {
  const claimable = (kind: 'agent' | 'actor') => (kind === 'agent' ? keys.any_agent : keys.any_actor);
  const whose = keys.projects.length === 0 ? 'this tenant' : `project ${listOf(keys.projects, 'and')}`;
  const who = (kind: 'agent' | 'actor') =>
    `${claimable(kind)} of ${keys.total} ${keys.total === 1 ? 'key' : 'keys'} of ${whose} can claim any ${kind} id`;
  const warn = (path: string, kind: 'agent' | 'actor', gain: string): PolicyFinding[] =>
    claimable(kind) === 0
      ? []
      : [
          {
            level: 'warning',
            path,
            code: 'unbound_keys',
            message: `${path === 'target' ? '' : `${path}: `}${who(kind)}; a caller can ${gain} by sending another ${headers[kind]} until its key is bound`,
          },
        ];
  const named = target.kind === 'agent' || target.kind === 'actor' ? target.kind : null;
  return [
    ...(named ? warn('target', named, 'avoid this policy') : []),
    ...controls.flatMap(({ limit }, n) => {
      const per = limit?.count_per;
      const is_claimed = (per === 'agent' || per === 'actor') && per !== named;
      return is_claimed ? warn(`controls[${n}]`, per, 'have a balance of its own') : [];
    }),
  ];
}

function usedUp({ controls }: PolicyDocument, used: Exposure['used']): PolicyFinding[] {
  return controls.flatMap(({ limit }, n): PolicyFinding[] => {
    const found = used.get(n);
    if (!limit || !found || found.amount <= found.cap) return [];
    const type = typeOf(limit);
    const place = `controls[${n}]`;
    const whose = found.subject === '*' ? '' : ` by ${found.subject}`;
    const amounts = `${amountText(type, limit, found.amount)} already used${whose}, ${amountText(type, limit, found.cap)} allowed${windowText(limit.window)}`;
    return [{ level: 'warning', path: `${place}.limit.max`, message: `${place}: would act immediately: ${amounts}` }];
  });
}

function ownCalls({ controls }: PolicyDocument, { key, actors }: Exposure['writer']): PolicyFinding[] {
  if (!controls.some(({ action }) => refuses(action))) return [];
  const hit = [...(key === null ? [] : [`the key "${key}"`]), ...actors.map((name) => `the actor ${name}`)];
  return hit.map((who) => ({
    level: 'warning',
    path: 'target',
    message: `it would stop ${who}, as which it is being written`,
  }));
}
