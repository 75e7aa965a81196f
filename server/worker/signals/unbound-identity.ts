import type { Call } from '@aos/core/activity/call.ts';
import { observed } from '@aos/core/activity/signal-look.ts';
import { claimed, unbound_identity } from '@aos/core/activity/signals/unbound-identity.ts';
import { policiesFor } from '@aos/core/policies/resolve.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { TenantControl } from '../../govern/control.ts';
import { type Claim, claimsSince } from '../../store/signal-sources.ts';
import { foundIn, type Source } from './define.ts';

export const unboundIdentities: Source = async ({ tx, control, at_ms, most }) => {
  const claims = await claimsSince(tx, { since_ms: at_ms - claimed.span_ms, most }, claimed.runs);
  const by_key = new Map<string, Found>();
  for (const claim of claims) {
    const policies = dependingOn(control, claim);
    const before = by_key.get(claim.api_key_id);
    if (policies.length > 0)
      by_key.set(claim.api_key_id, {
        claim: before?.claim ?? claim,
        policies: [...(before?.policies ?? []), ...policies],
      });
  }
  const unbound = [...by_key.values()].map(({ claim, policies }) => {
    const [first] = policies;
    const facts = {
      key_name: claim.key_name,
      claim: claim.agent_id !== null ? `agent ${claim.agent_slug}` : `actor ${claim.actor_slug}`,
      policy_name: first?.document.name ?? '',
      policies: new Set(policies.map(({ id }) => id)).size,
    };
    const { api_key_id, project_id, agent_id, is_synthetic } = claim;
    return observed(unbound_identity, api_key_id, facts, {
      ...{ api_key_id, project_id, agent_id, is_synthetic, policy_id: first?.id ?? null },
    });
  });
  return foundIn(claims, most, unbound);
};

interface Found {
  claim: Claim;
  policies: ActivePolicy[];
}

/** Policies that would treat the call differently, or count it elsewhere, if it claimed to be somebody else. */
function dependingOn(control: TenantControl, claim: Claim): ActivePolicy[] {
  const call = callOf(claim);
  const { agent, actor } = call.asker;
  const named = [agent, actor].flatMap((of) => (of ? [of.id, of.slug] : []));
  const claims = new Set([...(agent ? ['agent'] : []), ...(actor ? ['actor'] : [])]);
  return policiesFor(control.policies, call).filter(
    ({ document: { target, controls } }) =>
      claims.has(target.kind) ||
      target.except_ids.some((id) => named.includes(id)) ||
      controls.some(({ limit }) => limit !== undefined && claims.has(limit.count_per)),
  );
}

/** A call as the key makes it, of which only the claims are of interest. */
function callOf(of: Claim): Call {
  const agent = of.agent_id === null ? null : { id: of.agent_id, slug: of.agent_slug ?? of.agent_id };
  const actor =
    of.actor_id === null
      ? null
      : { id: of.actor_id, slug: of.actor_slug ?? of.actor_id, kind: of.actor_kind ?? 'human' };
  const project = { id: of.project_id, slug: of.project_slug };
  const api_key = { id: of.api_key_id, lineage_id: of.lineage_id };
  const asker = { tenant_id: '', project, api_key, agent, actor, session: null, run_id: '' };
  return { asker, kind: 'llm', provider: '', model: '', tools: [], tags: {} };
}
