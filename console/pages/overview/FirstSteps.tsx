import { Link } from 'wouter';
import { Code } from '../../ui/KeyValue.tsx';
import { Page } from '../../ui/Page.tsx';
import { LoadDemo } from './LoadDemo.tsx';
import styles from './Overview.module.css';

/** Nothing has run yet: the way to the first run, or a demo. The key has a variable of its own, so that `aos` keeps its. */
export function FirstSteps() {
  const { origin } = window.location;
  const call = `curl -s ${origin}/v1/chat/completions \\
  -H "authorization: Bearer $AGENT_KEY" -H "content-type: application/json" \\
  -H "x-aos-agent-id: my-agent" \\
  -d '{"model":"mock-small","messages":[{"role":"user","content":"Hello"}]}'`;
  return (
    <Page title="Overview">
      <p className="quiet">Nothing has run here yet. Two steps to the first governed run, or a demo to look at:</p>
      <ol className={styles.steps}>
        <li>
          <h2>1. Make a key for your program</h2>
          <Code text="export AGENT_KEY=$(npx aos keys create my-agent -q)" label="Command to make a key" />
          <p className="quiet">
            In the folder of AOS; or <Link href="/settings/api-keys">make one here</Link>. Either way it is shown once.
          </p>
        </li>
        <li>
          <h2>2. Send a call through the gateway</h2>
          <Code text={call} label="A first call" />
          <p className="quiet">
            Any OpenAI-compatible program does the same with <code>OPENAI_BASE_URL={origin}/v1</code> and{' '}
            <code>OPENAI_API_KEY=$AGENT_KEY</code>.
          </p>
        </li>
        <li>
          <h2>3. Or look around with seven days of made-up history</h2>
          <LoadDemo />
          <p className="quiet">
            In a terminal, <code>npx aos demo</code> also makes a few calls now.
          </p>
        </li>
      </ol>
    </Page>
  );
}
