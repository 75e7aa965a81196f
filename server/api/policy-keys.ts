import { Problem } from '@aos/core/base/error.ts';
import type { PolicyDocument } from '@aos/core/policies/policy.ts';
import type { Tx } from '../base/database.ts';
import { lineagesOf } from '../store/policy-names.ts';

/** Targets name keys by their lineage, so that rotating a key keeps policy and counters. */
export async function withLineages(tx: Tx, document: PolicyDocument): Promise<PolicyDocument> {
  const { target } = document;
  const of_keys = target.kind === 'api_key' ? target.ids : [];
  const excepted = target.except_ids.filter((id) => id.startsWith('key_'));
  const lineages = await lineagesOf(tx, [...of_keys, ...excepted]);
  const stranger = [...of_keys, ...excepted].find((id) => !lineages.has(id));
  if (stranger !== undefined) {
    const member = of_keys.includes(stranger) ? 'ids' : 'except_ids';
    throw new Problem(
      'invalid_body',
      `The policy is not accepted: target.${member} names the API key "${stranger}", which does not exist. GET /api/v1/api-keys lists the keys.`,
    );
  }
  const lineage = (id: string) => lineages.get(id) ?? id;
  const ids = of_keys.length > 0 ? [...new Set(of_keys.map(lineage))] : target.ids;
  return { ...document, target: { ...target, ids, except_ids: [...new Set(target.except_ids.map(lineage))] } };
}
