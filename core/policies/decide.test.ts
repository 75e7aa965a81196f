import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Action, action, actions } from './action.ts';
import type { StoredControl } from './control.ts';
import { decide, type Evidence } from './decide.ts';
import type { Finding } from './detectors/define.ts';
import { limit_types } from './limits/index.ts';
import type { Line, Unmeasurable } from './reserve.ts';
import type { Matched } from './resolve.ts';
import { type TargetKind, target_kinds } from './target.ts';

/** One control of one policy, and what is found about it: all that a decision depends on. */
interface Case {
  id: string;
  kind: TargetKind;
  mode: 'enforce' | 'shadow';
  action: StoredControl['action'];
  on_failure: 'block' | 'continue' | undefined;
  incident: boolean | undefined;
  outcome:
    | { rule: 'found' | 'nothing' | 'not_evaluated' }
    | { cap: number; posted: number; pending: number; asked: number }
    | { unmeasurable: true };
}

const outcome = fc.oneof(
  fc.record({ rule: fc.constantFrom('found' as const, 'nothing' as const, 'not_evaluated' as const) }),
  fc.record({
    cap: fc.constantFrom(0, 10, 100, 1000),
    posted: fc.constantFrom(0, 5, 50, 100, 1000),
    pending: fc.constantFrom(0, 5, 10),
    asked: fc.constantFrom(0, 1, 5, 90),
  }),
  fc.constant({ unmeasurable: true as const }),
);

const cases = fc.uniqueArray(
  fc.record({
    id: fc.nat(99).map((n) => `ctl_${String(n).padStart(2, '0')}`),
    kind: fc.constantFrom(...target_kinds),
    mode: fc.constantFrom('enforce' as const, 'shadow' as const),
    action: fc.constantFrom(...action.options),
    on_failure: fc.constantFrom('block' as const, 'continue' as const, undefined),
    incident: fc.constantFrom(true, false, undefined),
    outcome,
  }),
  { selector: ({ id }) => id, maxLength: 12 },
);

const tokens = limit_types.get('tokens_total');
const limitOf = (max: number) => ({
  type: 'tokens_total',
  max,
  window: { per: 'run' as const },
  count_per: 'together' as const,
});

function matchedOf({ id, kind, mode, action, on_failure, incident, outcome: of }: Case): Matched {
  const what =
    'rule' in of ? { rule: { type: 'model_access', params: {} } } : { limit: limitOf('cap' in of ? of.cap : 1) };
  const control: StoredControl = {
    id,
    action,
    ...what,
    ...(on_failure && { on_failure }),
    ...(incident !== undefined && { incident }),
  };
  const target = { kind, ids: [], except_ids: [] };
  return {
    policy: { id: `pol${id}`, version: 1, mode, document: { name: id, target, mode, controls: [control] } },
    control,
  };
}

const findings: Record<string, Finding> = {
  found: { found: true, reason: 'found' },
  nothing: { found: false },
  not_evaluated: { not_evaluated: true, reason: 'timed out' },
};

function evidenceOf(list: readonly Case[]): Evidence {
  const evidence: Evidence = { rules: [], lines: [], unmeasurable: [], output_bound: 0 };
  if (!tokens) throw new Error('there is no limit on tokens');
  for (const of of list) {
    const matched = matchedOf(of);
    const { outcome: found } = of;
    if ('rule' in found) evidence.rules.push({ matched, finding: findings[found.rule] ?? { found: false } });
    else if ('cap' in found) {
      const key = { control_id: of.id, subject: '*', window_start_ms: 0, since_ms: null };
      const ask = {
        base: BigInt(found.asked),
        rate: 0n,
        scale: 1,
        max: BigInt(found.cap),
        cap: null,
        resets_at_ms: null,
      };
      const line: Line = { ...matched, limit: limitOf(found.cap), type: tokens, key, ...ask };
      evidence.lines.push({ line, seen: { posted: BigInt(found.posted), pending: BigInt(found.pending) } });
    } else {
      const unmeasurable: Unmeasurable = { ...matched, limit: limitOf(1), type: tokens, code: 'price_unknown' };
      evidence.unmeasurable.push(unmeasurable);
    }
  }
  return evidence;
}

/** The rule as it is written down, one sentence after the other. */
function reference(list: readonly Case[]) {
  const fires = ({ action, on_failure, outcome: of }: Case): boolean => {
    if ('unmeasurable' in of) return true;
    if ('cap' in of) return of.posted + of.pending + of.asked > of.cap;
    if (of.rule !== 'not_evaluated') return of.rule === 'found';
    return on_failure === undefined ? ['pause', 'block', 'kill'].includes(action) : on_failure === 'block';
  };
  const strictest = (some: readonly Case[]): Action => {
    const fired = some.filter(fires).map(({ action }) => action);
    return (['kill', 'block', 'pause', 'warn'] as const).find((one) => fired.includes(one)) ?? 'continue';
  };
  const enforced = list.filter(({ mode }) => mode === 'enforce');
  const verdict = strictest(enforced);
  const headroom = ({ outcome: of }: Case) =>
    'cap' in of && of.cap > 0 ? (of.cap - of.posted - of.pending - of.asked) / of.cap : 0;
  let deciding: Case | null = null;
  for (const of of enforced.filter((one) => fires(one) && one.action === verdict)) {
    if (deciding === null) deciding = of;
    const narrower = target_kinds.indexOf(of.kind) - target_kinds.indexOf(deciding.kind);
    const tighter = headroom(of) - headroom(deciding);
    if (narrower < 0 || (narrower === 0 && (tighter < 0 || (tighter === 0 && of.id < deciding.id)))) deciding = of;
  }
  return {
    verdict,
    deciding: deciding?.id ?? null,
    shadow_verdict: strictest(list.filter(({ mode }) => mode === 'shadow')),
    fired: list
      .filter(fires)
      .map(({ id }) => id)
      .sort(),
  };
}

const told = (list: readonly Case[]) => {
  const { verdict, deciding, shadow_verdict, contributions } = decide(evidenceOf(list));
  const fired = contributions
    .filter((of) => of.fired)
    .map((of) => of.control_id)
    .sort();
  return { verdict, deciding: deciding?.control_id ?? null, shadow_verdict, fired };
};

describe('a decision', () => {
  test('follows the precedence rule, as a naive evaluator reads it', () => {
    fc.assert(
      fc.property(cases, (list) => {
        expect(told(list)).toEqual(reference(list));
      }),
      { numRuns: 5000 },
    );
  });

  test('does not depend on the order of policies and controls, down to the order of its reasons', () => {
    const shuffled = cases.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    );
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const [here, there] = [decide(evidenceOf(other)), decide(evidenceOf(list))];
        expect(here).toEqual(there);
        expect([here.contributions, here.deciding]).toEqual([there.contributions, there.deciding]);
      }),
      { numRuns: 1000 },
    );
  });

  test('hears every control once, and another one never loosens it', () => {
    fc.assert(
      fc.property(cases, (list) => {
        const { contributions, verdict } = decide(evidenceOf(list));
        expect(contributions.map((of) => of.control_id).sort()).toEqual(list.map(({ id }) => id).sort());
        for (let n = 0; n < list.length; n++) {
          const fewer = decide(evidenceOf(list.filter((_, m) => m !== n)));
          expect(actions.indexOf(fewer.verdict)).toBeLessThanOrEqual(actions.indexOf(verdict));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('is not changed by shadow policies, which say what they would have done', () => {
    fc.assert(
      fc.property(cases, (list) => {
        const without_shadow = list.filter(({ mode }) => mode === 'enforce');
        expect(told(list)).toMatchObject({
          verdict: told(without_shadow).verdict,
          deciding: told(without_shadow).deciding,
        });
      }),
      { numRuns: 300 },
    );
  });

  test('without any control is to continue, with no cause', () => {
    expect(decide(evidenceOf([]))).toMatchObject({
      verdict: 'continue',
      deciding: null,
      contributions: [],
      fired: false,
    });
  });

  test('opens an incident for a refusal by default, for a warning when asked to', () => {
    const of = (action: Case['action'], incident?: boolean): Case => ({
      id: 'ctl_00',
      kind: 'all_runs',
      mode: 'enforce',
      action,
      on_failure: undefined,
      incident,
      outcome: { rule: 'found' },
    });
    const opens = (one: Case) => decide(evidenceOf([one])).deciding?.incident;
    expect([opens(of('block')), opens(of('warn')), opens(of('warn', true)), opens(of('block', false))]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });

  test('explains a limit in numbers: used, reserved, asked, remaining, reset', () => {
    const list: Case[] = [
      {
        id: 'ctl_00',
        kind: 'agent',
        mode: 'enforce',
        action: 'block',
        on_failure: undefined,
        incident: undefined,
        outcome: { cap: 100, posted: 50, pending: 10, asked: 90 },
      },
    ];
    expect(decide(evidenceOf(list)).deciding).toMatchObject({
      code: 'token_limit_exceeded',
      reason: 'tokens: 50 used and 10 reserved of 100 tokens, 90 asked',
      subject: '*',
      limit: 100,
      used: 50,
      reserved: 10,
      requested: 90,
      remaining: 40,
      resets_at: null,
    });
  });
});
