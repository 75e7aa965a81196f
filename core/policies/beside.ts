import { canonicalText } from '../base/canonical.ts';
import { epochMs } from '../base/time.ts';
import { windowKind } from '../base/window.ts';
import { refuses, stricter } from './action.ts';
import type { Control } from './control.ts';
import { covers, coversModel, modelsOverlap } from './covers.ts';
import type { LimitOf } from './limits/define.ts';
import { typeOf } from './limits/index.ts';
import type { PolicyDocument } from './policy.ts';
import { hasStarted } from './resolve.ts';
import { amountText } from './sentence.ts';

/** What is found out about a policy before it is in force. `refusal`: it may not become active. */
export interface PolicyFinding {
  level: 'refusal' | 'warning';
  /** For example `controls[0]`; empty for the whole. */
  path: string;
  message: string;
  /** What it is about, where something else than the policy is to be mended. */
  code?: 'unbound_keys';
}

/** A policy that another one is held against: in force, or, without an id, the one that is being written. */
export interface Other {
  id: string | null;
  document: PolicyDocument;
}

/** How a control of the same policy is called in a sentence. */
const here = (n: number): string => `controls[${n}]`;

/** How another policy is called in a sentence. */
export const there = ({ id, document }: Other): string =>
  id === null ? 'this policy' : `policy "${document.name}" (${id})`;

/** Controls of one policy that keep each other from having an effect. */
export function amongItself({ controls }: PolicyDocument): PolicyFinding[] {
  return controls.flatMap((control, n) =>
    controls.flatMap((other, m) => {
      if (n === m) return [];
      const found = m < n ? (duplicated(control, other) ?? clashing(control, other)) : null;
      return [found ?? unreachable(control, other)].flatMap((told) =>
        told === null ? [] : [{ level: 'warning' as const, path: here(n), message: `${here(n)}: ${told(here(m))}` }],
      );
    }),
  );
}

/**
 * Controls of a policy that can have no effect beside policies in force that take all of its calls: they say the same,
 * are always reached later, or together let nothing pass. A policy in shadow is meant to stand beside others.
 */
export function besideOthers(document: PolicyDocument, others: readonly Other[], at_ms: number): PolicyFinding[] {
  if (document.mode === 'shadow') return [];
  const wider = others.filter(
    (other) => outlives(other, document, at_ms) && covers(other.document.target, document.target),
  );
  return document.controls.flatMap((control, n) => {
    for (const other of wider) {
      const is_same_target = covers(document.target, other.document.target);
      for (const of of other.document.controls) {
        const told =
          (is_same_target ? duplicated(control, of) : null) ?? unreachable(control, of) ?? clashing(control, of);
        if (told) return [{ level: 'warning', path: here(n), message: `${here(n)}: ${told(there(other))}` }];
      }
    }
    return [];
  });
}

/** Calls that it fires for never pass; one that pauses may let them pass after a while. */
const isFinal = ({ action }: Pick<Control, 'action'>): boolean => refuses(action) && action !== 'pause';

/** Whether the other one is obeyed for as long as this one. */
function outlives({ document: other }: Other, { start_at, expires_at }: PolicyDocument, at_ms: number): boolean {
  if (other.mode === 'shadow') return false;
  const begins_ms = start_at === undefined ? at_ms : Math.max(at_ms, epochMs(start_at));
  if (!hasStarted(other, begins_ms)) return false;
  if (other.expires_at === undefined) return true;
  const end_ms = epochMs(other.expires_at);
  return expires_at === undefined ? false : end_ms > at_ms && end_ms >= epochMs(expires_at);
}

/** A sentence about a control beside another one, which is named as it is given. */
type Told = (other: string) => string;

const essence = ({ limit, rule }: Control): string => canonicalText(limit ?? rule ?? null);

function duplicated(control: Control, other: Control): Told | null {
  if (essence(control) !== essence(other) || stricter(control.action, other.action) !== other.action) return null;
  const effect = control.action === other.action ? 'does the same' : `does the same and goes further (${other.action})`;
  return (name) => `it adds nothing, because ${name} ${effect} for the same calls`;
}

/** A limit above another one that counts at least the same, over at least the same time, and refuses. */
function unreachable(control: Control, other: Control): Told | null {
  const [inner, outer] = [control.limit, other.limit];
  if (!inner || !outer || !isFinal(other)) return null;
  if (!countsAtLeast(outer, inner) || !spansAtLeast(outer, inner) || !isAbove(inner, outer)) return null;
  return (name) =>
    `its limit of ${capText(inner)} ${per(inner)} can never be reached, because ${name} refuses calls beyond ${capText(outer)} ${per(outer)}`;
}

const capText = (limit: LimitOf): string => amountText(typeOf(limit), limit);

const per = ({ window }: LimitOf): string => (window ? `per ${windowKind(window)}` : 'at one time');

/** Of every call, the first limit counts at least what the second counts, on a balance that is no narrower. */
function countsAtLeast(outer: LimitOf, inner: LimitOf): boolean {
  const is_total = outer.type === 'tokens_total' && ['tokens_input', 'tokens_output'].includes(inner.type);
  if (typeOf(outer) !== typeOf(inner) && !is_total) return false;
  return outer.count_per === inner.count_per || (outer.count_per === 'together' && !isOwn(outer));
}

/** Windows of a run or a session have a balance for each of them, also when all is counted together. */
const isOwn = ({ window }: LimitOf): boolean =>
  window !== undefined && 'per' in window && (window.per === 'run' || window.per === 'session');

/**
 * A rolling window is counted in buckets, so that one of a little more than the same length may count less at times.
 * Calendar windows of one zone lie inside each other, shortest first; a week may lie in two months.
 */
const nested: Record<string, readonly string[]> = {
  minute: ['hour', 'day', 'week', 'month'],
  hour: ['day', 'week', 'month'],
  day: ['week', 'month'],
};

function spansAtLeast(outer: LimitOf, inner: LimitOf): boolean {
  const [a, b] = [inner.window, outer.window];
  if (canonicalText(a ?? null) === canonicalText(b ?? null)) return true;
  if (!a || !b) return false;
  if ('rolling_seconds' in a && 'rolling_seconds' in b) return b.rolling_seconds >= a.rolling_seconds * 2;
  if (!('timezone' in a) || !('timezone' in b) || a.timezone !== b.timezone) return false;
  return nested[a.per]?.includes(b.per) ?? false;
}

function isAbove(inner: LimitOf, outer: LimitOf): boolean {
  return typeOf(inner).cap(inner) > typeOf(outer).cap(outer);
}

/** Two lists of models of which both refuse, and that have no model in common: nothing passes. */
function clashing(control: Control, other: Control): Told | null {
  const [a, b] = [modelsOf(control), modelsOf(other)];
  if (!a || !b) return null;
  const nothing = (name: string) => `together with ${name} it lets no model pass`;
  const apart = a.allow && b.allow && !a.allow.some((of) => b.allow?.some((pattern) => modelsOverlap(of, pattern)));
  const denied = (allow: string[] | undefined, deny: string[] | undefined) =>
    allow?.every((of) => deny?.some((pattern) => coversModel(pattern, of))) ?? false;
  if (apart) return (name) => `${nothing(name)}: no model is on both lists of allowed models`;
  if (denied(a.allow, b.deny)) return (name) => `${nothing(name)}: every model that is allowed here is denied there`;
  if (denied(b.allow, a.deny)) return (name) => `${nothing(name)}: every model that is allowed there is denied here`;
  return null;
}

interface Models {
  allow?: string[];
  deny?: string[];
}

/** The lists of a control that refuses by the model; null for all others. */
export function modelsOf({ rule, action }: Control): Models | null {
  return rule?.type === 'model_access' && isFinal({ action }) ? (rule.params as Models) : null;
}
