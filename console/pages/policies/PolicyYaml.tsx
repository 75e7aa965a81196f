import type { Answer } from '../../api.ts';
import { yamlOf } from '../../parts/yaml.ts';
import { exactMoney } from '../../ui/format.ts';
import { Code } from '../../ui/KeyValue.tsx';

/** The policy as its file would say it, and the command that makes it so. */
export function PolicyYaml({ of }: { of: Answer<'getPolicy'> }) {
  const { name, description, owner, tags, target, mode, controls, error_detail, start_at, expires_at } = of;
  const document = {
    name,
    description,
    owner,
    tags,
    mode,
    target,
    controls: controls.map(({ id: _, ...control }) => withShortMoney(control)),
    error_detail,
    start_at,
    expires_at,
  };
  return (
    <>
      <p className="quiet">
        Keep it as <code>policies/{of.managed_by?.slug ?? 'name'}.yaml</code> and apply it with{' '}
        <code>npx aos policy apply policies/</code>.
      </p>
      <Code text={yamlOf(document)} label="YAML" />
    </>
  );
}

/** Money as a person would write it: `2.50` for `2.500000000`, which is the same amount. */
function withShortMoney<C extends object>(control: C): C {
  const { limit } = control as { limit?: { max?: unknown } };
  return typeof limit?.max === 'string' ? { ...control, limit: { ...limit, max: exactMoney(limit.max) } } : control;
}
