import { type FormEvent, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { type Answer, useAct, useApi } from '../../api.ts';
import { SendingMenu } from '../../parts/ElsewhereMenu.tsx';
import { useSession } from '../../parts/session.ts';
import { State } from '../../parts/words.tsx';
import { hrefOf } from '../../paths.ts';
import { Said } from '../../ui/Amount.tsx';
import { Button } from '../../ui/Button.tsx';
import { SelectField, TextField } from '../../ui/Field.tsx';
import { Page, Panel, Section } from '../../ui/Page.tsx';
import { Failed } from '../../ui/States.tsx';
import styles from './Explain.module.css';
import { explainCommand } from './explain-command.ts';

type Explanation = Answer<'explain'>;
type Looked = Explanation['policies'][number];

/** What would happen to a call, and which policy would decide it; nothing of it takes effect. The address may say whose (`?agent=`). */
export function Explain() {
  const explain = useAct('explain');
  const given_at = new URLSearchParams(useSearch());
  const [model, setModel] = useState(given_at.get('model') ?? 'mock-small');
  const [agent, setAgent] = useState(given_at.get('agent') ?? '');
  const [actor, setActor] = useState(given_at.get('actor') ?? '');
  const [project, setProject] = useState(given_at.get('project') ?? '');
  const [key, setKey] = useState('');
  const [narrower, setNarrower] = useState({
    session: '',
    tools: given_at.getAll('tool').join(', '),
    tags: given_at.getAll('tag').join(', '),
  });
  const [input_tokens, setInput] = useState('1000');
  const [max_output_tokens, setOutput] = useState('500');
  const agents = useApi('listAgents', { query: { limit: 200 } });
  const projects = useApi('listProjects', { query: { limit: 200 } });
  const keys = useApi('listApiKeys', { query: { limit: 200 } });
  const session = useSession();
  // A key of one project calls in that one.
  const caller = keys.data?.items.find(({ id }) => id === key);
  const of_tenant = key === '' ? session.project === null : caller?.project_id === null;
  const given = (name: string, value: string) => (value.trim() === '' ? {} : { [name]: value.trim() });
  const asked = {
    ...{ ...given('model', model), ...given('agent', agent), ...given('actor', actor) },
    ...{ ...given('project', of_tenant ? project : ''), ...given('api_key', key) },
    ...{ ...given('session', narrower.session), ...narrowedBy(narrower) },
    estimate: { input_tokens: Number(input_tokens) || 0, max_output_tokens: Number(max_output_tokens) || 0 },
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    explain.mutate({ body: asked });
  };
  return (
    <Page
      title="Explain a call"
      actions={<SendingMenu what="call" of="explain" input={{ body: asked }} command={explainCommand(asked)} />}
    >
      <p className="quiet">
        Asks the code that decides real calls; nothing is sent, counted or stored. A call that was made is explained on
        the page of its decision.
      </p>
      <div className={styles.columns}>
        <form className={styles.form} onSubmit={submit}>
          <TextField label="Model" value={model} onChange={(event) => setModel(event.target.value)} />
          <TextField
            label="Agent"
            list="explain-agents"
            hint="Id or name; empty: none is named"
            value={agent}
            onChange={(event) => setAgent(event.target.value)}
          />
          <datalist id="explain-agents">
            {agents.data?.items.map(({ id, slug }) => (
              <option key={id} value={slug} />
            ))}
          </datalist>
          <TextField label="Human" value={actor} onChange={(event) => setActor(event.target.value)} />
          <SelectField
            label="Key that calls"
            value={key}
            choices={[
              { value: '', name: 'The one I signed in with' },
              ...(keys.data?.items ?? [])
                .filter(({ revoked_at }) => revoked_at === null)
                .map(({ id, name }) => ({ value: id, name })),
            ]}
            onChoose={setKey}
          />
          {of_tenant && (
            <SelectField
              label="Project"
              value={project}
              choices={[
                { value: '', name: 'That of the key' },
                ...(projects.data?.items ?? []).map(({ id, slug }) => ({ value: id, name: slug })),
              ]}
              onChoose={setProject}
            />
          )}
          <TextField
            label="Input tokens"
            inputMode="numeric"
            value={input_tokens}
            onChange={(event) => setInput(event.target.value)}
          />
          <TextField
            label="Output tokens, at most"
            inputMode="numeric"
            value={max_output_tokens}
            onChange={(event) => setOutput(event.target.value)}
          />
          <Narrower of={narrower} change={setNarrower} />
          <Button kind="primary" type="submit" disabled={explain.isPending}>
            {explain.isPending ? 'Asking …' : 'Explain'}
          </Button>
        </form>
        <div className={styles.answer} aria-live="polite">
          {explain.error && <Failed what="This call cannot be explained" error={explain.error} />}
          {explain.data ? (
            <Verdict of={explain.data} />
          ) : (
            !explain.error && (
              <p className="quiet">Say what the call is, and every policy that is looked at for it stands here.</p>
            )
          )}
        </div>
      </div>
    </Page>
  );
}

interface Narrowing {
  session: string;
  /** Several, with commas. */
  tools: string;
  tags: string;
}

/** What else policies may look at. */
function Narrower({ of, change }: { of: Narrowing; change: (to: Narrowing) => void }) {
  const [is_asked] = useState(of.tools !== '' || of.tags !== '');
  return (
    <details open={is_asked}>
      <summary>Session, tools, tags</summary>
      <div className={styles.more}>
        <TextField
          label="Session"
          hint="What limits per session have counted for it"
          value={of.session}
          onChange={(event) => change({ ...of, session: event.target.value })}
        />
        <TextField
          label="Tools it offers"
          hint="Several: with commas"
          value={of.tools}
          onChange={(event) => change({ ...of, tools: event.target.value })}
        />
        <TextField
          label="Tags"
          hint="team=search, kind=test"
          value={of.tags}
          onChange={(event) => change({ ...of, tags: event.target.value })}
        />
      </div>
    </details>
  );
}

const narrowedBy = ({ tools, tags }: Narrowing) => ({
  ...(namesIn(tools).length > 0 && { tools: namesIn(tools) }),
  ...(namesIn(tags).length > 0 && { tags: tagsOf(namesIn(tags)) }),
});

const namesIn = (text: string): string[] => text.split(/[,\s]+/).filter((name) => name !== '');

/** `team=search`; a name alone has an empty value. */
const tagsOf = (tags: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    tags.map((tag) => {
      const at = tag.indexOf('=');
      return at < 0 ? [tag, ''] : [tag.slice(0, at), tag.slice(at + 1)];
    }),
  );

function Verdict({ of }: { of: Explanation }) {
  const matched = of.policies.filter((policy) => policy.matched);
  const others = of.policies.filter((policy) => !policy.matched);
  return (
    <>
      <Panel>
        <div className={styles.head}>
          <State of="verdict" state={of.verdict} />
          <span>
            <Said text={of.summary} />
          </span>
        </div>
        {of.deciding && (
          <p>
            Decided by <Link href={hrefOf(of.deciding.policy_id)}>{of.deciding.policy_name}</Link>:{' '}
            <Said text={of.deciding.reason} />
          </p>
        )}
        {of.output_bound !== null && <p className="quiet">At most {of.output_bound} output tokens are paid for.</p>}
        {of.notes.map((note) => (
          <p key={note} className="quiet">
            {note}
          </p>
        ))}
      </Panel>
      <Section title={`Policies that apply (${matched.length})`}>
        {matched.length === 0 && <p className="quiet">None: the call passes and nothing counts it.</p>}
        {matched.map((policy) => (
          <LookedAt key={policy.policy_id} of={policy} deciding={of.deciding?.policy_id === policy.policy_id} />
        ))}
      </Section>
      {others.length > 0 && (
        <details>
          <summary>
            {others.length} that do not apply{of.policies_left_off > 0 && `, and ${of.policies_left_off} more`}
          </summary>
          <ul className={styles.others}>
            {others.map((policy) => (
              <li key={policy.policy_id}>
                <Link href={hrefOf(policy.policy_id)}>{policy.policy_name}</Link>
                <span className="quiet">{policy.why}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function LookedAt({ of, deciding }: { of: Looked; deciding: boolean }) {
  return (
    <Panel>
      <div className={styles.head}>
        <Link href={hrefOf(of.policy_id)}>
          <strong>{of.policy_name}</strong>
        </Link>
        <span className="quiet">v{of.policy_version}</span>
        {of.mode === 'shadow' && <State of="policy" state="shadow" />}
        {deciding && <strong>decides</strong>}
      </div>
      <p className="quiet">{of.why}</p>
      <ul className={styles.controls}>
        {of.controls.map((control) => (
          <li key={control.control_id}>
            <State of="verdict" state={control.verdict} bare />
            <span>
              <Said text={control.reason} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
