import { Users } from 'lucide-react';
import type { Answer } from '../api.ts';
import { hrefOf } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { copyText } from '../ui/Id.tsx';
import { useToast } from '../ui/Toast.tsx';
import { useMay } from './session.ts';

type Policy = Pick<Answer<'getPolicy'>, 'id' | 'status' | 'second_person'>;

/** Which projects ask for two people, as a part of a sentence. */
export const askingProjects = (slugs: readonly string[]): string =>
  slugs.length === 0
    ? 'a project that it may reach'
    : `${slugs.length > 1 ? 'projects' : 'project'} ${slugs.join(', ')}`;

/** That somebody else has to enforce the policy: who wrote it, and the page to send to them. */
export function SecondPerson({ of: { id, status, second_person: of } }: { of: Policy }) {
  const may = useMay('activate_policies');
  const toast = useToast();
  if (of === null) return null;
  const authors = of.written_by.map((author) => author.name ?? author.id).join(', ');
  const waits = status === 'draft' ? 'Waiting for a second person' : 'To be enforced it needs a second person';
  const what = of.is_you
    ? `you are among those who wrote it (${authors}), so somebody else must enforce it`
    : `${authors} wrote it${may ? ', and you may enforce it' : ''}`;
  const copy = () =>
    void copyText(new URL(hrefOf(id), window.location.href).href).then(() => toast('Copied the link of the policy'));
  return (
    <p className="quiet">
      <Users size={13} aria-hidden="true" style={{ verticalAlign: '-2px' }} /> <strong>{waits}</strong>: {what}. It may
      reach calls of {askingProjects(of.projects)}, where two people are asked for.{' '}
      {of.is_you && (
        <Button small onClick={copy}>
          Copy the link to hand over
        </Button>
      )}
    </p>
  );
}
