import { type ComponentType, useRef, useState } from 'react';
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
import { KeptInFile } from './KeptInFile.tsx';
import styles from './New.module.css';
import { NewAction } from './NewAction.tsx';
import { NewAlert } from './NewAlert.tsx';
import { NewBehind } from './NewBehind.tsx';
import { NewHead, useTellSaved } from './NewHead.tsx';
import { NewLimit, NewWatch } from './NewLimit.tsx';
import { NewPreview } from './NewPreview.tsx';
import { NewFindings, NewRail } from './NewRail.tsx';
import { NewReview } from './NewReview.tsx';
import { NewSave } from './NewSave.tsx';
import { NewTarget } from './NewTarget.tsx';
import { confirmationFor, missingFor } from './new-confirmation.ts';
import { useDrafting } from './new-drafting.ts';
import { usePast } from './new-past.ts';
import { type Saving, useSaving } from './new-saving.ts';
import { isWrong, type Step, type StepProps, step_names, stepOf, steps } from './new-steps.ts';
import { changedPaths, useSteps } from './use-steps.ts';

interface Props {
  title: string;
  /** Under which its draft is kept. */
  place: string;
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
export function NewForm({ title, place, start, edited }: Props) {
  const [, navigate] = useLocation();
  const heading = useRef<HTMLHeadingElement>(null);
  const { draft, kept_at_ms, base, keep, storing, tell, behind } = useDrafting({
    ...{ place, start, edited },
    within: heading,
  });
  const [n, setN] = useState(0);
  const [touched, touch] = useState<ReadonlySet<string>>(new Set());
  const [reviewing, setReviewing] = useState(false);
  const { step, visited, go } = useSteps({ heading, onReview: () => setReviewing(true), onStore: storing.store });
  const document = documentOf(draft);
  const lint = useLint(document, edited?.id);
  const findings = lint.answer?.findings ?? [];
  const past = usePast(lint.answer?.sentence && !lint.is_old ? document : null, edited?.id);
  const change = (to: Draft) => {
    touch((now) => new Set([...now, ...changedPaths(draft, to)]));
    keep(to);
  };
  const leave = (to: string) => {
    keep(null);
    navigate(to);
  };
  const tellSaved = useTellSaved(document);
  const saving = useSaving({
    ...{ draft, edited, base, before: start },
    isReady: (as, choice) => {
      const missing = missingFor(as, choice, confirmationFor(draft, past));
      return missing.reason === null && missing.confirmed === null;
    },
    onStored: (now) => {
      if (!edited) return;
      tell(now);
      keep(draft, now.version);
    },
    onSaved: (now, as, undo) => {
      const here = window.location.pathname + window.location.search;
      const again = () => {
        keep(draft, null);
        navigate(here);
      };
      tellSaved(as, undo, edited ? null : again);
      leave(hrefOf(now.id));
    },
  });
  const control = draft.controls[n] ?? draft.controls[0];
  if (!control) return null;
  const at = `controls[${n}]`;
  const isTouched = (path: string) => [...touched].some((of) => of.startsWith(path) || path.startsWith(of));
  const errorAt = (path: string) => {
    if (saving.tried === null && !visited.has(stepOf({ path })) && !isTouched(path)) return null;
    return findings.find((of) => of.level !== 'warning' && of.path.startsWith(path))?.message ?? null;
  };
  const changeControl = (to: DraftControl) =>
    change({ ...draft, controls: draft.controls.map((of, place) => (place === n ? to : of)) });
  const of: StepProps = { draft, control, change, changeControl, errorAt, at, past };
  const Form = step === 'save' ? null : forms[step];
  const told = findings.filter((one) => !isWrong(one) || saving.tried !== null || visited.has(stepOf(one)));
  const next = steps[steps.indexOf(step) + 1] ?? 'save';
  const other = edited && behind !== null && !saving.is_busy && (
    <NewBehind
      {...{ id: edited.id, from: behind, to: edited.version }}
      onTheirs={() => keep(null)}
      onMine={() => keep(draft, edited.version)}
    />
  );
  return (
    <Page
      title={title}
      actions={
        <NewHead
          {...{ document, edited, kept_at_ms, storing }}
          onDiscard={() => leave(edited ? hrefOf(edited.id) : '/policies')}
          onReview={() => setReviewing(true)}
        />
      }
    >
      <Band lint={lint} saving={saving} start_at={draft.start_at} />
      {edited?.managed_by && <KeptInFile of={edited.managed_by} />}
      {other}
      <div className={styles.columns}>
        <NewRail draft={draft} control={control} current={step} visited={visited} findings={findings} onGo={go} />
        <section className={styles.form} aria-label={step_names[step]}>
          <h2 ref={heading} tabIndex={-1}>
            {step_names[step]}
          </h2>
          {step !== 'target' && step !== 'save' && <Controls draft={draft} n={n} setN={setN} change={change} />}
          {Form ? <Form key={`${step} ${n}`} {...of} /> : <NewSave {...of} saving={saving} />}
          <NewFindings findings={told} onGo={go} />
          <div>
            {step === 'save' ? (
              <Button onClick={() => setReviewing(true)}>Next: Review</Button>
            ) : (
              <Button onClick={() => go(next)}>Next: {step_names[next]}</Button>
            )}
          </div>
        </section>
        <NewPreview
          past={past}
          lint={lint.answer}
          target={draft.target}
          onTarget={(target) => change({ ...draft, target })}
        />
      </div>
      {reviewing && (
        <NewReview
          {...{ draft, past, saving, other }}
          lint={lint.answer}
          is_edit={edited !== null}
          onMend={(finding) => {
            setReviewing(false);
            go(stepOf(finding), finding);
          }}
          onClose={() => setReviewing(false)}
        />
      )}
    </Page>
  );
}

function Band({
  lint,
  saving: { start },
  start_at,
}: {
  lint: Asked<Lint>;
  saving: Saving;
  start_at?: string | undefined;
}) {
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
      {start === 'enforce' && lint.answer?.second_person && (
        <Chip tone="warn" glyph="ring">
          Somebody else must enforce it
        </Chip>
      )}
      {start === 'enforce' && !lint.answer?.second_person && (
        <Chip tone="info" glyph="dot">
          {start_at ? 'In force from its start on' : 'In force when saved'}
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
