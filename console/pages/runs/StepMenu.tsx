import { Ellipsis } from 'lucide-react';
import { pathFor } from '../../api.ts';
import { curlOf } from '../../parts/elsewhere.ts';
import { Button } from '../../ui/Button.tsx';
import { copyText } from '../../ui/Id.tsx';
import { Menu } from '../../ui/Menu.tsx';
import { useToast } from '../../ui/Toast.tsx';
import { markdownOf } from './step-markdown.ts';
import type { ShownStep } from './step-words.ts';

/** The step for a ticket, a program or a terminal. */
export function StepMenu({ step }: { step: ShownStep }) {
  const toast = useToast();
  const copy = (what: string, text: string) => void copyText(text).then(() => toast(`Copied ${what}`));
  const path = pathOf(step);
  return (
    <Menu
      items={[
        { name: 'Copy as Markdown', onChoose: () => copy('the step', markdownOf(step)) },
        { name: 'Copy as JSON', onChoose: () => copy('the JSON', JSON.stringify(step, null, 2)) },
        {
          name: step.record_id === null ? 'Copy its decision as curl' : 'Copy its record as curl',
          disabled: path === null,
          onChoose: () => path !== null && copy('the request', curlOf(path)),
        },
      ]}
    >
      <Button small kind="plain" aria-label="More about this step">
        <Ellipsis size={14} aria-hidden="true" />
      </Button>
    </Menu>
  );
}

function pathOf({ record_id, decision_id }: ShownStep): string | null {
  if (record_id !== null) return pathFor('getLlmRunRecord', { params: { id: record_id } });
  return decision_id === null ? null : pathFor('getDecision', { params: { id: decision_id } });
}
