import { epochMs } from '../base/time.ts';
import { windowKind } from '../base/window.ts';
import { refuses } from './action.ts';
import type { Control } from './control.ts';
import type { LimitOf } from './limits/define.ts';
import { limit_types } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import type { TargetKind } from './target.ts';

/** What is known of the names in a policy at the moment it is checked. */
export interface CheckFacts {
  at_ms: number;
  /** Ids of the target under which no subject of its kind is known. */
  unseen_ids: ReadonlySet<string>;
  /** Names in `except_ids` under which no subject of any kind is known. */
  unseen_exceptions: ReadonlySet<string>;
  /** Actors of the target that are known and are no humans. */
  not_human_ids: ReadonlySet<string>;
  /** Names of `when.model` for which no price is known. */
  unpriced_models: ReadonlySet<string>;
  /** Names of `when.provider` that no configured provider has. */
  unknown_providers: ReadonlySet<string>;
}

/** The outcome in words: with a refusal the policy may not become active, with warnings it may. */
export interface Checked {
  refusals: string[];
  warnings: string[];
}

/** Finds controls that could never do what they seem to promise. Each sentence names the control, the reason, the remedy. */
export function checkPolicy(document: PolicyDocument, facts: CheckFacts): Checked {
  const { expires_at, controls } = document;
  const is_over = expires_at !== undefined && epochMs(expires_at) <= facts.at_ms;
  return {
    refusals: is_over
      ? [`expires_at (${expires_at}) has passed, so the policy would apply to no call: set a later one or leave it out`]
      : [],
    warnings: [
      ...targetWarnings(document, facts),
      ...controls.flatMap((control, n) => controlWarnings(control, n, document, facts)),
      ...nestedWarnings(controls),
    ],
  };
}

const kind_words: Record<TargetKind, string> = {
  actor: 'actor',
  api_key: 'API key',
  agent: 'agent',
  project: 'project',
  all_runs: 'run',
};

function targetWarnings({ target }: PolicyDocument, facts: CheckFacts): string[] {
  const { kind, ids, except_ids, when } = target;
  const noun = kind_words[kind];
  const excepted = ids.filter((id) => except_ids.includes(id));
  return [
    ...named(ids, facts.unseen_ids).map((id) => `${noun} "${id}" has not been seen yet: it matches nothing so far`),
    ...named(except_ids, facts.unseen_exceptions).map(
      (id) => `the exception "${id}" has not been seen yet: it excepts nothing so far`,
    ),
    ...named(ids, facts.not_human_ids).map(
      (id) => `actor "${id}" is not a human: a policy for actors applies to humans only`,
    ),
    ...named(when?.provider ?? [], facts.unknown_providers).map(
      (name) => `provider "${name}" is not configured: it matches nothing so far`,
    ),
    ...(ids.length > 0 && excepted.length === ids.length
      ? ['every id of the target is also in except_ids: the policy applies to no call']
      : []),
  ];
}

const named = (names: readonly string[], among: ReadonlySet<string>): string[] =>
  [...new Set(names)].filter((name) => among.has(name));

function controlWarnings(
  { limit, action }: Control,
  n: number,
  { target }: PolicyDocument,
  facts: CheckFacts,
): string[] {
  if (!limit) return [];
  const place = `controls[${n}]`;
  const type = limit_types.get(limit.type);
  const warnings = [];
  if (type?.cap(limit) === 0n && refuses(action))
    warnings.push(`${place}: a limit of 0 refuses every call that counts towards it`);
  if (needsPrice(limit)) {
    const models = named(target.when?.model ?? [], facts.unpriced_models);
    warnings.push(
      ...models.map(
        (model) =>
          `${place}: model "${model}" has no price, so ${unpricedFate(action)}: add a price, or set on_unknown_price to "estimate" with a declared_price`,
      ),
    );
  }
  return warnings;
}

const needsPrice = (limit: LimitOf): boolean => 'on_unknown_price' in limit && limit.on_unknown_price === 'block';

const unpricedFate = (action: Control['action']): string =>
  refuses(action)
    ? 'every call to it is refused (price_unknown) and this limit never measures it'
    : 'this limit never measures it';

/** Calendar windows of one zone that lie inside each other, shortest first. A week may lie in two months. */
const nested: Record<string, readonly string[]> = {
  minute: ['hour', 'day', 'week', 'month'],
  hour: ['day', 'week', 'month'],
  day: ['week', 'month'],
};

/** A limit for a day above the limit for the month of the same thing can never be reached. */
function nestedWarnings(controls: readonly Control[]): string[] {
  return controls.flatMap((inner, n) =>
    controls.flatMap((outer, m) =>
      inner.limit &&
      outer.limit &&
      refuses(outer.action) &&
      isInside(inner.limit, outer.limit) &&
      isAbove(inner.limit, outer.limit)
        ? [
            `controls[${n}]: its limit of ${inner.limit.max} ${per(inner.limit)} can never be reached, because controls[${m}] refuses calls beyond ${outer.limit.max} ${per(outer.limit)}`,
          ]
        : [],
    ),
  );
}

const per = ({ window }: LimitOf): string => (window ? `per ${windowKind(window)}` : 'at one time');

function isInside(inner: LimitOf, outer: LimitOf): boolean {
  const [a, b] = [inner.window, outer.window];
  if (!a || !b || !('timezone' in a) || !('timezone' in b) || a.timezone !== b.timezone) return false;
  const is_same = inner.type === outer.type && inner.count_per === outer.count_per;
  return is_same && (nested[a.per]?.includes(b.per) ?? false);
}

function isAbove(inner: LimitOf, outer: LimitOf): boolean {
  const type = limit_types.get(inner.type);
  return type !== undefined && type.cap(inner) > type.cap(outer);
}
