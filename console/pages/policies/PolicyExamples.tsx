import { Link } from 'wouter';
import type { Answer } from '../../api.ts';
import { State } from '../../parts/words.tsx';
import { hrefOf, stepHref } from '../../paths.ts';
import { Chip } from '../../ui/Chip.tsx';
import { amountText, shortId } from '../../ui/format.ts';
import { Panel, Section } from '../../ui/Page.tsx';
import { Time } from '../../ui/Time.tsx';
import { PolicyRows } from './PolicyRows.tsx';

type Example = Answer<'listPolicyEffects'>['examples'][number];

/** The latest calls on which it acted, or would have: what was used then, whose run it was, and the decision. */
export function PolicyExamples({ of }: { of: readonly Example[] }) {
  if (of.length === 0) return null;
  return (
    <Section title="Latest calls">
      <Panel>
        <PolicyRows columns="120px minmax(0, 120px) minmax(0, 1fr) 132px 132px 96px">
          {of.map((one) => (
            <li key={one.id}>
              <Acted of={one} />
              <span className="cut">{one.agent_slug ?? <span className="faint">no agent named</span>}</span>
              <span className="quiet cut" title={usedText(one)}>
                {usedText(one)}
              </span>
              <Link href={one.step_id ? stepHref(one.run_id, one.step_id) : hrefOf(one.run_id)}>
                <code>{shortId(one.run_id)}</code>
              </Link>
              <Link href={hrefOf(one.decision_id)}>
                <code>{shortId(one.decision_id)}</code>
              </Link>
              <span style={{ textAlign: 'right' }}>
                <Time at={one.occurred_at} />
              </span>
            </li>
          ))}
        </PolicyRows>
      </Panel>
    </Section>
  );
}

function Acted({ of: { mode, action } }: { of: Example }) {
  return mode === 'shadow' ? (
    <Chip tone="shadow" glyph="flag">
      would {action}
    </Chip>
  ) : (
    <State of="verdict" state={action} bare />
  );
}

/** Rules count nothing. */
function usedText({ used, requested, limit_value, unit }: Example): string {
  if (limit_value === null) return '';
  return `${amountText(used, unit)} used of ${amountText(limit_value, unit)}, ${amountText(requested, unit)} asked`;
}
