import { diffDocuments } from '@aos/core/policies/diff.ts';
import { type ComponentType, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import type { Answer } from '../../api.ts';
import { type Draft, type DraftControl, documentOf } from '../../parts/policy-draft.ts';
import { blank } from '../../parts/policy-templates.ts';
import { type Asked, type Lint, useLint } from '../../parts/settled.ts';
import { hrefOf } from '../../paths.ts';
import { Button } from '../../ui/Button.tsx';
import { Chip } from '../../ui/Chip.tsx';
import { SelectField } from '../../ui/Field.tsx';
import { Page } from '../../ui/Page.tsx';
import { useUrlWord } from '../../url-state.ts';
import { keepDraft } from './kept-draft.ts';
import styles from './New.module.css';
import { NewAction } from './NewAction.tsx';
import { NewAlert } from './NewAlert.tsx';
import { NewElsewhere } from './NewElsewhere.tsx';
import { NewLimit, NewWatch } from './NewLimit.tsx';
import { NewPreview } from './NewPreview.tsx';
import { NewFindings, NewRail } from './NewRail.tsx';
import { confirmation, NewSave, needsConfirmation } from './NewSave.tsx';
import { NewTarget } from './NewTarget.tsx';
import { type Saving, useSaving } from './new-saving.ts';
import { isStep, isWrong, type Step, type StepProps, step_names, stepOf, steps } from './new-steps.ts';

interface Props {
  title: string;
  start: Draft;
  edited: Answer<'getPolicy'> | null;
}

const forms: Readonly<Record<Exclude<Step, 'save'>, ComponentType<StepProps>>> = {
  target: NewTarget,
  watch: NewWatch,
  limit: NewLimit,
  alert: NewAlert,
  action: NewAction,
};

/** The steps, the form of one of them, the sentence over all and the preview beside it. */
export function NewForm({ title, start, edited }: Props) {
  const [, navigate] = useLocation();
  const [draft, setDraft] = useState(start);
  const [n, setN] = useState(0);
  const { step, visited, go, heading } = useSteps();
  const document = documentOf(draft);
  const lint = useLint(document, edited?.id);
  const findings = lint.answer?.findings ?? [];
  const change = (to: Draft) => {
    setDraft(to);
    if (!edited) keepDraft(to);
  };
  const leave = (to: string) => {
    if (!edited) keepDraft(null);
    navigate(to);
  };
  const saving = useSaving(
    draft,
    edited,
    ({ start: as, reason, confirmed }) =>
      reason.trim() !== '' && (!needsConfirmation(draft, as) || confirmed === confirmation),
    (id) => leave(hrefOf(id)),
  );
  const changes = edited ? diffDocuments(documentOf(start) as never, document as never) : null;
  const control = draft.controls[n] ?? draft.controls[0];
  if (!control) return null;
  const at = `controls[${n}]`;
  const errorAt = (path: string) => {
    if (!saving.tried && !visited.has(stepOf({ path }))) return null;
    return findings.find((of) => of.level !== 'warning' && of.path.startsWith(path))?.message ?? null;
  };
  const changeControl = (to: DraftControl) =>
    change({ ...draft, controls: draft.controls.map((of, place) => (place === n ? to : of)) });
  const of: StepProps = { draft, control, change, changeControl, errorAt, at };
  const Form = step === 'save' ? null : forms[step];
  const told = findings.filter((one) => !isWrong(one) || saving.tried || visited.has(stepOf(one)));
  return (
    <Page
      title={title}
      actions={
        <>
          <Button onClick={() => leave(edited ? hrefOf(edited.id) : '/policies')}>Discard</Button>
          <Button kind="primary" onClick={() => go('save')}>
            Review
          </Button>
          <NewElsewhere document={document} edited={edited} />
        </>
      }
    >
      <Band lint={lint} saving={saving} />
      <div className={styles.columns}>
        <NewRail draft={draft} control={control} current={step} visited={visited} findings={findings} onGo={go} />
        <section className={styles.form} aria-label={step_names[step]}>
          <h2 ref={heading} tabIndex={-1}>
            {step_names[step]}
          </h2>
          {step !== 'target' && step !== 'save' && <Controls draft={draft} n={n} setN={setN} change={change} />}
          {Form ? <Form key={`${step} ${n}`} {...of} /> : <NewSave {...of} saving={saving} changes={changes} />}
          <NewFindings findings={told} onGo={go} />
          {step !== 'save' && (
            <div>
              <Button onClick={() => go(steps[steps.indexOf(step) + 1] ?? 'save')}>
                Next: {step_names[steps[steps.indexOf(step) + 1] ?? 'save']}
              </Button>
            </div>
          )}
        </section>
        <NewPreview document={lint.answer?.sentence && !lint.is_old ? document : null} replaces={edited?.id} />
      </div>
    </Page>
  );
}

/** Which step is in hand: in the address, by Alt and its number, and with Control and Enter the last. */
function useSteps() {
  const [word, setWord] = useUrlWord('step', 'target');
  const step: Step = isStep(word) ? word : 'target';
  const [visited, setVisited] = useState<ReadonlySet<Step>>(new Set());
  const heading = useRef<HTMLHeadingElement>(null);
  const go = (to: Step) => {
    setVisited((now) => new Set([...now, step]));
    setWord(to);
    requestAnimationFrame(() => heading.current?.focus());
  };
  const latest = useRef(go);
  latest.current = go;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const digit = event.altKey ? /^Digit([1-6])$/.exec(event.code)?.[1] : undefined;
      const to = event.key === 'Enter' && (event.metaKey || event.ctrlKey) ? 'save' : steps[Number(digit) - 1];
      if (!to) return;
      event.preventDefault();
      latest.current(to);
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return { step, visited, go, heading };
}

function Band({ lint, saving: { start } }: { lint: Asked<Lint>; saving: Saving }) {
  const sentence = lint.answer?.sentence;
  return (
    <div className={styles.band}>
      <p aria-live="polite" className={lint.is_old ? styles.old : undefined}>
        {lint.error?.message ?? sentence ?? 'The policy in one sentence stands here once it is whole.'}
      </p>
      {start === 'shadow' && (
        <Chip tone="shadow" glyph="flag">
          Shadow: nothing is stopped yet
        </Chip>
      )}
      {start === 'enforce' && (
        <Chip tone="info" glyph="dot">
          In force when saved
        </Chip>
      )}
      {start === 'draft' && <Chip glyph="circle">Draft: looked at by no call</Chip>}
    </div>
  );
}

interface ControlsProps {
  draft: Draft;
  n: number;
  setN: (n: number) => void;
  change: (draft: Draft) => void;
}

/** A policy may hold several controls; the form shows one of them. */
function Controls({ draft, n, setN, change }: ControlsProps) {
  const { controls } = draft;
  const add = () => {
    change({ ...draft, controls: [...controls, ...blank.controls] });
    setN(controls.length);
  };
  const remove = () => {
    change({ ...draft, controls: controls.filter((_, place) => place !== n) });
    setN(0);
  };
  return (
    <div style={{ display: 'flex', gap: 12, alignItems: 'end' }}>
      {controls.length > 1 && (
        <SelectField
          label="Control"
          value={String(n)}
          choices={controls.map((_, place) => ({ value: String(place), name: `${place + 1} of ${controls.length}` }))}
          onChoose={(value) => setN(Number(value))}
        />
      )}
      <Button small kind="plain" onClick={add}>
        Add another control
      </Button>
      {controls.length > 1 && (
        <Button small kind="plain" onClick={remove}>
          Remove this control
        </Button>
      )}
    </div>
  );
}
