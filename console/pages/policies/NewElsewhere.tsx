import type { Answer } from '../../api.ts';
import { SendingMenu } from '../../parts/ElsewhereMenu.tsx';
import type { documentOf } from '../../parts/policy-draft.ts';
import { yamlOf } from '../../parts/yaml.ts';

interface Props {
  document: ReturnType<typeof documentOf>;
  edited: Pick<Answer<'getPolicy'>, 'id' | 'version'> | null;
}

/** What the form says so far, as the file that makes it so and as the request that stores it. */
export function NewElsewhere({ document, edited }: Props) {
  if (edited === null)
    return <SendingMenu what="draft" of="createPolicy" input={{ body: document }} command={applying(document)} />;
  const body = { ...document, version: edited.version, reason: 'Say why' };
  // A file makes a policy of its own: none changes one that was made by hand.
  return <SendingMenu what="draft" of="updatePolicy" input={{ params: { id: edited.id }, body }} command={null} />;
}

const applying = (document: object): string =>
  `cat > policy.yaml <<'END_OF_POLICY'\n${yamlOf(document)}END_OF_POLICY\nnpx aos policy apply policy.yaml`;
