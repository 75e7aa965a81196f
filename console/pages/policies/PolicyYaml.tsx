import type { Answer } from '../../api.ts';
import { yamlOf } from '../../parts/yaml.ts';
import { Code } from '../../ui/KeyValue.tsx';

/** The policy as its file would say it, and the command that makes it so. */
export function PolicyYaml({ of }: { of: Answer<'getPolicy'> }) {
  const { name, description, owner, tags, target, mode, controls, expires_at } = of;
  const document = {
    name,
    description,
    owner,
    tags,
    mode,
    target,
    controls: controls.map(({ id: _, ...control }) => control),
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
