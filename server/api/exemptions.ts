import type { ExemptionObject, exception_endpoints } from '@aos/core/api/exceptions.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import { exemptionSentence } from '@aos/core/policies/sentence.ts';
import type { Tx } from '../base/database.ts';
import type { Context, Handlers } from '../http/handler.ts';
import {
  type ExemptionRow,
  endExemption,
  findExemption,
  insertExemption,
  listExemptions,
} from '../store/exemptions.ts';
import { cursorOf } from '../store/list.ts';
import { type PolicyRow, policiesById, policyById } from '../store/policies.ts';
import { lineagesOf } from '../store/policy-names.ts';
import { found, inControl, inTenant, nowText, record } from './change.ts';
import { endOf, livePolicy, not_ended, stateOf } from './overrides.ts';
import { urlOf } from './read.ts';

type Names = 'createExemption' | 'listExemptions' | 'listAllExemptions' | 'endExemption';

/** Longest life of an exemption: a year. */
const longest_h = 8_784;

export const exemption_handlers: Handlers<Pick<typeof exception_endpoints, Names>> = {
  createExemption: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const policy = await livePolicy(tx, params.id);
      const created_at = nowText(context);
      const row: ExemptionRow = {
        id: context.deps.makeId('exemption'),
        policy_id: policy.id,
        kind: body.kind,
        target_id: body.kind === 'api_key' ? await lineageOf(tx, body.id) : body.id,
        reason: body.reason,
        created_at,
        created_by: context.identity.api_key.id,
        expires_at: endOf(created_at, body, longest_h),
        ...not_ended,
      };
      await insertExemption(tx, context.identity.tenant_id, row);
      await keep(tx, context, 'POLICY_EXEMPTED', null, row, body.reason);
      return exemptionObject(context, row, policy);
    }),

  listExemptions: ({ params, query }, context) =>
    inTenant(context, async (tx) => {
      const policy = found(await policyById(tx, params.id), 'policy', '/api/v1/policies');
      return page(tx, context, { ...query, policy_id: policy.id });
    }),

  listAllExemptions: ({ query }, context) => inTenant(context, (tx) => page(tx, context, query)),

  endExemption: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      const before = found(await findExemption(tx, params.id), 'exemption', '/api/v1/exemptions');
      const by = context.identity.api_key.id;
      const after = await endExemption(tx, { id: params.id, at: nowText(context), by, reason: body.reason });
      if (!after)
        throw new Problem('conflict', `The exemption ${params.id} has ended already: there is nothing to end.`);
      await keep(tx, context, 'POLICY_EXEMPTION_ENDED', before, after, body.reason);
      return exemptionObject(
        context,
        after,
        present(await policyById(tx, after.policy_id), 'the policy of an exemption'),
      );
    }),
};

const keep = (
  tx: Tx,
  context: Context,
  event: string,
  before: ExemptionRow | null,
  after: ExemptionRow,
  reason: string,
) => record(tx, context, { event, object_type: 'policy', object_id: after.policy_id, before, after, reason });

/** Policies know keys by their lineage, so that rotating a key keeps its exemption. */
async function lineageOf(tx: Tx, id: string): Promise<string> {
  const lineage = (await lineagesOf(tx, [id])).get(id);
  if (lineage !== undefined) return lineage;
  throw new Problem(
    'invalid_body',
    `The body cannot be read: id names the API key "${id.slice(0, 100)}", which does not exist. GET /api/v1/api-keys lists the keys.`,
  );
}

interface Asked {
  policy_id?: string;
  in_force?: boolean | undefined;
  limit: number;
  cursor?: string | undefined;
}

async function page(tx: Tx, context: Context, { policy_id, in_force, limit, cursor }: Asked) {
  const asked = { policy_id, in_force_at: in_force === true ? nowText(context) : undefined };
  const { rows: listed, ...part } = await listExemptions(tx, asked, { limit, cursor: cursorOf('exemption', cursor) });
  const rows = listed as unknown as ExemptionRow[];
  const policies = await policiesById(tx, [...new Set(rows.map((row) => row.policy_id))]);
  const items = rows.map((row) =>
    exemptionObject(context, row, present(policies.get(row.policy_id), 'the policy of an exemption')),
  );
  return { items, ...part, generated_at: nowText(context) };
}

const exemptionObject = (context: Context, row: ExemptionRow, policy: PolicyRow): ExemptionObject => ({
  ...row,
  policy_name: policy.document.name,
  state: stateOf(context, row, policy.status === 'active'),
  sentence: exemptionSentence(row, policy.document.name),
  url: urlOf(context, policy.id),
});
