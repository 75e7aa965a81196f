import { useState } from 'react';
import { type Item, useAct, useApi } from '../../api.ts';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { useMay, useSession } from '../../parts/session.ts';
import { Trouble } from '../../parts/Trouble.tsx';
import { Button } from '../../ui/Button.tsx';
import { Status } from '../../ui/Chip.tsx';
import { Failed, Loading } from '../../ui/States.tsx';
import { Time } from '../../ui/Time.tsx';
import { useToast } from '../../ui/Toast.tsx';
import styles from './Members.module.css';

type Project = Item<'listProjects'>;
type Kind = 'on' | 'ask' | 'off' | 'keep';

interface Words {
  button: string;
  title: (slug: string) => string;
  about: string;
  verb: string;
  done: string;
}

const words: Readonly<Record<Kind, Words>> = {
  on: {
    button: 'Ask for two people…',
    title: (slug) => `Ask for two people in ${slug}?`,
    about:
      'Whoever writes a policy that may reach its calls can then not enforce it: somebody else must. Drafts and shadow stay free, and what is in force stays so. To turn it off takes two people, too.',
    verb: 'Ask for two people',
    done: 'From now on somebody else enforces what one wrote',
  },
  ask: {
    button: 'Turn off…',
    title: (slug) => `Turn the two-person rule of ${slug} off?`,
    about: 'It holds until somebody else turns it off, too.',
    verb: 'Ask to turn it off',
    done: 'Asked: it holds until somebody else turns it off, too',
  },
  off: {
    button: 'Turn off, too…',
    title: (slug) => `Turn the two-person rule of ${slug} off?`,
    about: 'You are the second one who asks for it. From then on people enforce alone what they wrote.',
    verb: 'Turn it off',
    done: 'The two-person rule is off',
  },
  keep: {
    button: 'Keep it…',
    title: (slug) => `Keep the two-person rule of ${slug}?`,
    about: 'The request to turn it off is withdrawn.',
    verb: 'Keep it',
    done: 'It stays',
  },
};

function kindsFor({ two_person_rule, two_person_rule_end }: Project): Kind[] {
  if (!two_person_rule) return ['on'];
  return two_person_rule_end ? ['off', 'keep'] : ['ask'];
}

/** Whether a project asks for two people, and who has asked to end that. */
export function TwoPeopleState({ of: { two_person_rule, two_person_rule_end: end } }: { of: Project }) {
  if (!two_person_rule) return <span className="quiet">Off: who may activate policies enforces their own, too</span>;
  return (
    <>
      <Status tone="info" glyph="dot">
        Two people
      </Status>
      {end && (
        <span className="quiet">
          {' '}
          {end.asked_by_name} asked <Time at={end.asked_at} /> to turn it off: {end.reason}
        </span>
      )}
    </>
  );
}

/** Turns the rule of a project on, and off by two. */
export function TwoPeopleActs({ of }: { of: Project }) {
  const may = useMay('administer');
  const { api_key } = useSession();
  const [asking, setAsking] = useState<Kind | null>(null);
  const has_asked = of.two_person_rule_end?.asked_by === api_key.id;
  const refusalOf = (kind: Kind) => {
    if (!may) return 'Your key may not change projects';
    return kind === 'off' && has_asked ? 'You have asked: somebody else must turn it off, too' : undefined;
  };
  return (
    <span style={{ display: 'inline-flex', flexWrap: 'wrap', gap: 8, justifyContent: 'end' }}>
      {kindsFor(of).map((kind) => (
        <Button
          key={kind}
          small
          disabled={refusalOf(kind) !== undefined || of.retired_at !== null}
          title={refusalOf(kind)}
          onClick={() => setAsking(kind)}
        >
          {words[kind].button}
        </Button>
      ))}
      {asking && <Ask kind={asking} of={of} onClose={() => setAsking(null)} />}
    </span>
  );
}

function Ask({ kind, of, onClose }: { kind: Kind; of: Project; onClose: () => void }) {
  const change = useAct('changeProject');
  const toast = useToast();
  const { title, about, verb, done } = words[kind];
  const two_person_rule = kind === 'on' || kind === 'keep';
  const turn = (reason: string) =>
    change.mutate(
      { params: { id: of.id }, body: { two_person_rule, reason } },
      {
        onSuccess: () => {
          toast(done);
          onClose();
        },
      },
    );
  return (
    <ReasonDialog
      open
      onClose={onClose}
      title={title(of.slug)}
      about={about}
      verb={verb}
      busy={change.isPending}
      error={change.error}
      onReason={turn}
    />
  );
}

/** Every project with its rule. */
export function TwoPeopleTable() {
  const projects = useApi('listProjects', { query: { limit: 200 } });
  if (projects.isPending) return <Loading what="projects" rows={2} />;
  if (!projects.data)
    return (
      <Failed what="The projects could not be loaded" error={projects.error} onRetry={() => void projects.refetch()} />
    );
  return (
    <>
      <Trouble what="The projects could not be loaded again" of={[projects]} />
      <p className="quiet">
        Where a project asks for two people, nobody enforces a policy that they wrote themselves. A key acts for whoever
        made it.
      </p>
      <div className={styles.frame}>
        <table className={styles.roles}>
          <thead>
            <tr>
              {['Project', 'To enforce a policy', ''].map((title) => (
                <th key={title} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {projects.data.items.map((project) => (
              <tr key={project.id}>
                <td>{project.slug}</td>
                <td>
                  <TwoPeopleState of={project} />
                </td>
                <td style={{ textAlign: 'right' }}>
                  <TwoPeopleActs of={project} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
