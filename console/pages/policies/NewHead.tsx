import { useState } from 'react';
import type { Answer } from '../../api.ts';
import type { documentOf } from '../../parts/policy-draft.ts';
import { yamlOf } from '../../parts/yaml.ts';
import type { ApiProblem } from '../../problem.ts';
import { Button } from '../../ui/Button.tsx';
import { Dialog } from '../../ui/Dialog.tsx';
import { clockText, instantText } from '../../ui/format.ts';
import { copyText } from '../../ui/Id.tsx';
import { Code } from '../../ui/KeyValue.tsx';
import { withCommand } from '../../ui/key-words.ts';
import { useToast } from '../../ui/Toast.tsx';
import { NewElsewhere } from './NewElsewhere.tsx';
import type { useDraftStoring } from './new-draft.ts';
import type { Start, Undo } from './new-saving.ts';

interface Props {
  document: ReturnType<typeof documentOf>;
  edited: Answer<'getPolicy'> | null;
  /** When the draft was kept; null: there is nothing to keep yet. */
  kept_at_ms: number | null;
  storing: ReturnType<typeof useDraftStoring>;
  onDiscard: () => void;
  onReview: () => void;
}

/** Whether the draft is kept or stored, and what can be done with it. */
export function NewHead({ document, edited, kept_at_ms, storing, onDiscard, onReview }: Props) {
  const [open, setOpen] = useState<'yaml' | 'discard' | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Standing edited={edited} kept_at_ms={kept_at_ms} />
      <Button
        hint={withCommand('S')}
        disabled={storing.cannot !== null || storing.is_busy}
        title={storing.cannot === null ? undefined : `Kept in this browser: ${storing.cannot}`}
        onClick={storing.store}
      >
        Save draft
      </Button>
      <Button onClick={() => setOpen('yaml')}>YAML</Button>
      <Button onClick={() => (kept_at_ms === null ? onDiscard() : setOpen('discard'))}>Discard</Button>
      <Button kind="primary" onClick={onReview}>
        Review
      </Button>
      <NewElsewhere document={document} edited={edited} />
      <Dialog
        open={open === 'yaml'}
        onClose={close}
        title="The policy as YAML"
        buttons={<Button onClick={close}>Close</Button>}
      >
        <Code text={yamlOf(document)} label="YAML" />
      </Dialog>
      <Dialog
        open={open === 'discard'}
        onClose={close}
        title="Discard this draft?"
        about={edited ? 'The policy stays as it is; what was changed here is lost.' : 'What was written here is lost.'}
        buttons={
          <>
            <Button onClick={close}>Keep writing</Button>
            <Button kind="danger" onClick={onDiscard}>
              Discard the draft
            </Button>
          </>
        }
      >
        {null}
      </Dialog>
    </>
  );
}

/** Where what is written can be found again. */
function Standing({ edited, kept_at_ms }: Pick<Props, 'edited' | 'kept_at_ms'>) {
  if (kept_at_ms !== null)
    return (
      <span className="quiet" title={`${instantText(kept_at_ms)}; no other browser has it`}>
        Kept in this browser {clockText(kept_at_ms)}
      </span>
    );
  if (edited?.status !== 'draft') return null;
  const at_ms = Date.parse(edited.updated_at);
  return (
    <span className="quiet" title={instantText(at_ms)}>
      Draft saved {clockText(at_ms)}
    </span>
  );
}

const said: Readonly<Record<Start, string>> = {
  draft: 'Saved',
  shadow: 'In shadow: nothing is stopped yet',
  enforce: 'In force',
};

/** Tells that a policy is saved, with its file to take along and a way back where there is one: `again`, to the form. */
export function useTellSaved(document: ReturnType<typeof documentOf>) {
  const toast = useToast();
  const copy = () => void copyText(yamlOf(document)).then(() => toast('Copied the YAML'));
  const takeBack = (undo: Undo, again: (() => void) | null) =>
    undo().then(
      () => {
        toast(again ? 'Taken back: it is retired, and what was written is here again' : 'Taken back');
        again?.();
      },
      ({ message }: ApiProblem) => toast(`It was not taken back: ${message}`, { tone: 'crit' }),
    );
  return (as: Start, undo: Undo | null, again: (() => void) | null) =>
    toast(
      <>
        {said[as]}{' '}
        <Button small onClick={copy}>
          Copy YAML
        </Button>
      </>,
      undo ? { undo: () => void takeBack(undo, again) } : {},
    );
}
