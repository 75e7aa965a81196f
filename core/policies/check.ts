import { epochMs } from '../base/time.ts';
import { refuses } from './action.ts';
import { amongItself, besideOthers, modelsOf, type Other, type PolicyFinding } from './beside.ts';
import { type KnownChannel, whyUnusable } from './channel.ts';
import type { Control } from './control.ts';
import { coversModel, modelsOverlap } from './covers.ts';
import { type Exposure, exposureFindings } from './exposure.ts';
import type { LimitOf } from './limits/define.ts';
import { typeOf } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import type { TargetKind } from './target.ts';
import { windowOrder } from './window-order.ts';

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
  /** For names that are not known, the one of the same kind that was most likely meant. */
  nearest: ReadonlyMap<string, string>;
  /** Policies in force, without the one that is checked. */
  others: readonly Other[];
  /** Names of `when.provider` that no configured provider has. */
  unknown_providers: ReadonlySet<string>;
  channels: readonly KnownChannel[];
  /** Who calls and with which keys; absent: it was not looked at. */
  exposure?: Exposure;
}

/** The outcome in words: with a refusal the policy may not become active, with warnings it may. */
export interface Checked {
  refusals: string[];
  warnings: string[];
}

/** The findings as an activation uses them: refusals keep it from being in force, warnings are told. */
export function checkPolicy(document: PolicyDocument, facts: CheckFacts): Checked {
  const findings = findingsOf(document, facts);
  const told = (level: PolicyFinding['level']) => findings.filter((of) => of.level === level).map((of) => of.message);
  return { refusals: told('refusal'), warnings: told('warning') };
}

/** Finds controls that could never do what they seem to promise. Each sentence names the control, the reason, the remedy. */
export function findingsOf(document: PolicyDocument, facts: CheckFacts): PolicyFinding[] {
  const { start_at, expires_at, controls } = document;
  const warn = (path: string, messages: string[]): PolicyFinding[] =>
    messages.map((message) => ({ level: 'warning', path, message }));
  const over: PolicyFinding = {
    level: 'refusal',
    path: 'expires_at',
    message: `expires_at (${expires_at}) has passed, so the policy would apply to no call: set a later one or leave it out`,
  };
  const never: PolicyFinding = {
    level: 'refusal',
    path: 'start_at',
    message: `start_at (${start_at}) is not before expires_at (${expires_at}), so the policy would apply to no call: set an earlier start or a later end`,
  };
  const dead = [...amongItself(document), ...besideOthers(document, facts.others, facts.at_ms)];
  return [
    ...(expires_at !== undefined && epochMs(expires_at) <= facts.at_ms ? [over] : []),
    ...(start_at !== undefined && expires_at !== undefined && epochMs(start_at) >= epochMs(expires_at) ? [never] : []),
    ...warn('target', targetWarnings(document, facts)),
    ...controls.flatMap((control, n) => warn(`controls[${n}]`, controlWarnings(control, n, document, facts))),
    ...controls.flatMap((control, n) => channelFindings(control, n, document, facts)),
    ...dead,
    ...windowOrder(document, facts.others, new Set(dead.map(({ path }) => path))),
    ...(facts.exposure ? exposureFindings(document, exposed(facts.exposure, facts)) : []),
  ];
}

/** Of what was never seen it is told already that nothing matches. */
const exposed = (exposure: Exposure, { unseen_ids }: CheckFacts): Exposure =>
  unseen_ids.size === 0 ? exposure : { ...exposure, is_called: true };

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
    ...named(ids, facts.unseen_ids).map(
      (id) => `${noun} "${id}" has not been seen yet: it matches nothing so far${meant(id, facts)}`,
    ),
    ...named(except_ids, facts.unseen_exceptions).map(
      (id) => `the exception "${id}" has not been seen yet: it excepts nothing so far${meant(id, facts)}`,
    ),
    ...named(ids, facts.not_human_ids).map(
      (id) => `actor "${id}" is not a human: a policy for actors applies to humans only`,
    ),
    ...named(when?.provider ?? [], facts.unknown_providers).map(
      (name) => `provider "${name}" is not configured: it matches nothing so far${meant(name, facts)}`,
    ),
    ...(ids.length > 0 && excepted.length === ids.length
      ? ['every id of the target is also in except_ids: the policy applies to no call']
      : []),
  ];
}

function meant(name: string, { nearest }: CheckFacts): string {
  const near = nearest.get(name);
  return near === undefined ? '' : ` (did you mean "${near}"?)`;
}

const named = (names: readonly string[], among: ReadonlySet<string>): string[] =>
  [...new Set(names)].filter((name) => among.has(name));

function controlWarnings(control: Control, n: number, document: PolicyDocument, facts: CheckFacts): string[] {
  const { limit, action } = control;
  const { target } = document;
  const place = `controls[${n}]`;
  if (!limit) return hopelessRule(control, place, document);
  const type = typeOf(limit);
  const warnings = [];
  if (type.cap(limit) === 0n && refuses(action))
    warnings.push(`${place}: a limit of 0 refuses every call that counts towards it`);
  if (control.on_failure !== undefined)
    warnings.push(
      `${place}: on_failure says what becomes of a call when a rule cannot be looked at. A limit always can, and without the database every call is refused: leave it out`,
    );
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

/** An enforced policy must be able to tell whom it says it tells; one in shadow tells nobody outside yet. */
function channelFindings(
  { alerts }: Control,
  n: number,
  { mode }: PolicyDocument,
  { channels }: CheckFacts,
): PolicyFinding[] {
  if (!alerts?.enabled) return [];
  const level = mode === 'enforce' ? ('refusal' as const) : ('warning' as const);
  const lists = { channels: alerts.channels, ...prefixed('tier_channels', alerts.tier_channels) };
  return Object.entries(lists).flatMap(([member, names]) =>
    [...new Set(names)].flatMap((name) => {
      const why = whyUnusable(name, channels);
      const path = `controls[${n}].alerts.${member}`;
      return why === null ? [] : [{ level, path, message: `${path}: ${why}` }];
    }),
  );
}

const prefixed = <T>(name: string, members: Record<string, T> = {}): Record<string, T> =>
  Object.fromEntries(Object.entries(members).map(([key, value]) => [`${name}["${key}"]`, value]));

const needsPrice = (limit: LimitOf): boolean => 'on_unknown_price' in limit && limit.on_unknown_price === 'block';

const unpricedFate = (action: Control['action']): string =>
  refuses(action)
    ? 'every call to it is refused (price_unknown) and this limit never measures it'
    : 'this limit never measures it';

/** Rules that refuse whatever the policy applies to, by what its own target and lists say. */
function hopelessRule(control: Control, place: string, { target }: PolicyDocument): string[] {
  const models = modelsOf(control);
  if (!models) return [];
  const { allow, deny } = models;
  const told = [];
  if (allow?.every((of) => deny?.some((pattern) => coversModel(pattern, of))))
    told.push(`${place}: every model it allows it also denies, so it lets no model pass`);
  const wanted = target.when?.model;
  if (wanted && allow && !wanted.some((of) => allow.some((pattern) => modelsOverlap(of, pattern))))
    told.push(`${place}: the target is calls to ${wanted.join(', ')}, of which none is allowed: every one is refused`);
  const denied = deny?.filter((pattern) => wanted && !wanted.some((of) => modelsOverlap(of, pattern))) ?? [];
  if (wanted && deny && denied.length === deny.length && !allow)
    told.push(`${place}: it can never trigger, because the target has none of the models it denies`);
  return told;
}
