import type { ProviderModels } from '@aos/core/access/provider.ts';
import { isObject } from '@aos/core/base/json.ts';
import type { Deps } from '../base/deps.ts';
import type { ProviderRow } from '../store/control-read.ts';
import { UpstreamFailure } from '../upstreams/llm/define.ts';
import { upstreams } from '../upstreams/llm/index.ts';
import { createControls } from './control.ts';
import { failureProblem } from './dispatch.ts';
import { openSecret } from './secrets.ts';

/** Longer than a list may take. */
const deadline_ms = 10_000;

/**
 * Asks a provider which models it has; `row` is the provider as it stands in the tenant's control state. Throws the
 * problem of a provider that did not answer; one that refused, or whose answer is no list, has none.
 */
export async function modelsAt(deps: Deps, tenant_id: string, row: ProviderRow): Promise<ProviderModels> {
  const control = await createControls(deps).of(tenant_id);
  const secret = openSecret(deps, tenant_id, row);
  const target = { id: row.id, kind: row.kind, base_url: row.base_url ?? '', secret };
  const all = { connect_ms: deadline_ms, first_byte_ms: deadline_ms, idle_ms: deadline_ms, total_ms: deadline_ms };
  try {
    const answer = await upstreams[row.kind].models(target, {
      deadlines: all,
      signal: AbortSignal.timeout(deadline_ms),
    });
    const names = namesIn(await answer.whole());
    const isPriced = (name: string) =>
      (control.prices.find(row.slug, name) ?? control.prices.find(row.kind, name)) !== null;
    return {
      accepted: answer.status < 300,
      http_status: row.kind === 'mock' ? null : answer.status,
      items: answer.status < 300 ? names.map((name) => ({ name, priced: isPriced(name) })) : [],
    };
  } catch (error) {
    if (error instanceof UpstreamFailure) throw failureProblem(error);
    throw error;
  }
}

/** `{ data: [{ id }] }`, as both dialects list models. */
function namesIn(body: Buffer): string[] {
  let list: unknown;
  try {
    list = JSON.parse(body.toString('utf8'));
  } catch {
    return [];
  }
  const data = isObject(list as never) ? (list as { data?: unknown }).data : null;
  if (!Array.isArray(data)) return [];
  return data.flatMap((of) => (typeof of?.id === 'string' ? [of.id as string] : []));
}
