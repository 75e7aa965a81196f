import { useEffect, useRef } from 'react';
import type { Draft, DraftControl } from '../../parts/policy-draft.ts';
import type { Finding } from '../../parts/settled.ts';
import { Said } from '../../ui/Amount.tsx';
import { LinkButton } from '../../ui/Button.tsx';
import { Glyph } from '../../ui/Glyph.tsx';
import { BindKeys } from './BindKeys.tsx';
import styles from './New.module.css';
import { isWrong, type Step, step_names, stepOf, steps, wordsOf } from './new-steps.ts';

interface RailProps {
  draft: Draft;
  control: DraftControl;
  current: Step;
  visited: ReadonlySet<Step>;
  findings: readonly Finding[];
  onGo: (step: Step) => void;
}

/** The steps with what each has been set to; they are free to visit in any order. */
export function NewRail({ draft, control, current, visited, findings, onGo }: RailProps) {
  const row = useRef<HTMLOListElement>(null);
  // In narrow windows the steps are a row that goes beyond the edge.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another step is in hand
  useEffect(() => {
    const at = row.current?.querySelector<HTMLElement>('[aria-current]');
    row.current?.scrollTo({ left: (at?.offsetLeft ?? 0) - row.current.offsetLeft - 24 });
  }, [current]);
  return (
    <nav aria-label="Steps of the policy" className={styles.rail}>
      <ol ref={row}>
        {steps.map((step, n) => {
          const wrong =
            visited.has(step) && step !== current && findings.some((of) => isWrong(of) && stepOf(of) === step);
          const done = visited.has(step) && step !== current && !wrong;
          return (
            <li key={step}>
              <button type="button" aria-current={step === current ? 'step' : undefined} onClick={() => onGo(step)}>
                <span style={{ color: `var(--${wrong ? 'crit' : done ? 'ok' : 'text-2'})` }}>
                  {wrong ? <Glyph name="cross" /> : done ? <Glyph name="check" /> : n + 1}
                </span>
                <span>
                  <strong>{step_names[step]}</strong>
                  <span className={styles.value}>
                    {wrong && 'to mend: '}
                    {wordsOf(step, draft, control)}
                  </span>
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

interface FindingsProps {
  findings: readonly Finding[];
  onGo: (step: Step, finding: Finding) => void;
}

/** What keeps the policy from being one, from coming in force, or from doing what it seems to promise. */
export function NewFindings({ findings, onGo }: FindingsProps) {
  if (findings.length === 0) return null;
  return (
    <section className={styles.findings} aria-label="What to mend and to know">
      <h3>What to mend and to know</h3>
      <ul className={styles.findings} style={{ border: 0, padding: 0 }}>
        {findings.map((of) => (
          <li key={`${of.path} ${of.message}`} className={styles.finding}>
            <span style={{ color: `var(--${of.level === 'warning' ? 'warn' : 'crit'})`, paddingTop: 2 }}>
              <Glyph name={of.level === 'warning' ? 'triangle' : 'cross'} />
            </span>
            <span>
              {level_words[of.level]} {isWrong(of) && of.path ? <code>{of.path}</code> : null}{' '}
              <Said text={of.message} />{' '}
              {of.code === 'unbound_keys' ? (
                <BindKeys />
              ) : (
                <LinkButton onClick={() => onGo(stepOf(of), of)}>Go to {step_names[stepOf(of)]}</LinkButton>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

const level_words = { error: 'Missing or wrong:', refusal: 'Keeps it out of force:', warning: 'Note:' } as const;
