import { availableParallelism } from 'node:os';
import type { PreviewAsked, PreviewObject, preview_endpoints } from '@aos/core/api/previews.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Json } from '@aos/core/base/json.ts';
import { consoleUrl } from '@aos/core/base/link.ts';
import { epochMs, instantText } from '@aos/core/base/time.ts';
import { identifyControls } from '@aos/core/policies/control-ids.ts';
import type { ActivePolicy } from '@aos/core/policies/snapshot.ts';
import type { Tx } from '../base/database.ts';
import type { Deps } from '../base/deps.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { openExemptions } from '../store/exemptions.ts';
import { openOverrides } from '../store/overrides.ts';
import { policyById } from '../store/policies.ts';
import { controlsEverOf, versionsOf } from '../store/policy-lists.ts';
import { beginPreview, endPreview, findPreview, type PreviewRow, touchPreview } from '../store/previews.ts';
import { found, inTenant, nowText } from './change.ts';
import { withLineages } from './policy-keys.ts';
import { previewApart } from './preview-apart.ts';
import type { PreviewOf, Progress } from './preview-job.ts';
import { PreviewLine } from './preview-line.ts';
import { visibleProject } from './read.ts';

export const preview_handlers: Handlers<typeof preview_endpoints> = {
  previewPolicy: async ({ body }, context) => {
    const of = await inTenant(context, (tx) => previewOf(tx, context, body));
    const leave = enter(of.tenant_id);
    const id = context.deps.makeId('preview');
    const { api_key } = context.identity;
    try {
      await inTenant(context, (tx) =>
        beginPreview(tx, of.tenant_id, {
          ...{ id, project_id: of.project_id, created_by: api_key.id, request: body as unknown as Json },
          created_at: nowText(context),
        }),
      );
    } catch (error) {
      leave();
      throw error;
    }
    const working = work(context.deps, id, of).finally(leave);
    await Promise.race([working, waited(answered_within_ms)]);
    return inTenant(context, async (tx) => shown(context, await visible(tx, context, id)));
  },

  getPreview: ({ params }, context) =>
    inTenant(context, async (tx) => shown(context, await visible(tx, context, params.id))),

  cancelPreview: ({ params }, context) =>
    inTenant(context, async (tx) => {
      const before = await visible(tx, context, params.id);
      const ended = await endPreview(tx, {
        ...{ id: before.id, status: 'cancelled', result: null, error: null },
        at: nowText(context),
      });
      if (!ended && before.status !== 'cancelled')
        throw new Problem('conflict', `Preview ${before.id} is ${before.status}: there is nothing left to cancel.`);
      return shown(context, ended ?? before);
    }),
};

/** A preview that is done by then is answered at once. */
const answered_within_ms = 2_000;

const waited = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });

/** Previews under way in this process, those that wait too, by tenant: each takes a good part of a core. */
const under_way = new Map<string, number>();
const most_under_way = 2;

function enter(tenant_id: string): () => void {
  const running = under_way.get(tenant_id) ?? 0;
  if (running >= most_under_way)
    throw new Problem(
      'rate_limit_exceeded',
      `${running} previews of this tenant are being computed. Wait for one, or cancel it: POST /api/v1/policies/previews/{id}/cancel.`,
      { retry_after_s: 5 },
    );
  under_way.set(tenant_id, running + 1);
  return () => {
    const left = (under_way.get(tenant_id) ?? 1) - 1;
    if (left > 0) under_way.set(tenant_id, left);
    else under_way.delete(tenant_id);
  };
}

/**
 * Those of all tenants: each has a thread with its memory and its connections. One core is left to calls where there
 * are more, and two at once take what the database can do beside them.
 */
const line = new PreviewLine(Math.min(2, Math.max(1, availableParallelism() - 1)));

/** Computes a preview when its turn has come and notes what comes of it; never fails itself. */
async function work(deps: Deps, id: string, of: PreviewOf): Promise<void> {
  const at = () => instantText(deps.clock.now());
  const end = (ending: Omit<Parameters<typeof endPreview>[1], 'id' | 'at'>) =>
    deps.db.tenant(of.tenant_id, (tx) => endPreview(tx, { id, at: at(), ...ending }));
  try {
    const goesOn = (progress: Progress) =>
      deps.db.tenant(of.tenant_id, (tx) => touchPreview(tx, { id, ...progress, at: at() }));
    const computed = await line.inTurn(
      () => goesOn({ calls_done: 0, calls_total: null }).catch(() => true),
      () => previewApart(deps, of, (progress) => goesOn(progress).catch(() => true)),
    );
    if (!computed) return;
    await end({
      status: 'ready',
      calls_done: computed.calls_done,
      result: computed.result as unknown as Json,
      error: null,
    });
  } catch (error) {
    deps.log.warn({ error, preview: id }, 'a preview could not be computed');
    const words = 'the history could not be read to its end: ask again, or for a shorter window';
    await end({ status: 'failed', result: null, error: words }).catch(() => undefined);
  }
}

async function previewOf(tx: Tx, context: Context, asked: PreviewAsked): Promise<PreviewOf> {
  const { tenant_id } = context.identity;
  const now_ms = context.deps.clock.now();
  const { window } = asked;
  const to_ms = 'hours' in window ? now_ms : Math.min(epochMs(window.to), now_ms);
  const from_ms = 'hours' in window ? to_ms - window.hours * 3_600_000 : epochMs(window.from);
  const replaces = asked.replaces === undefined ? null : await storedPolicy(tx, asked.replaces, asked.replaces_version);
  const policy = await candidate(tx, context, asked, replaces);
  const exceptions = [...(await openOverrides(tx)), ...(await openExemptions(tx))];
  const has_exceptions = exceptions.some((of) => of.policy_id === policy.id || of.policy_id === replaces?.id);
  return { tenant_id, asked, policy, replaces, has_exceptions, from_ms, to_ms, project_id: visibleProject(context) };
}

async function candidate(
  tx: Tx,
  { deps }: Context,
  { policy }: PreviewAsked,
  replaces: ActivePolicy | null,
): Promise<ActivePolicy> {
  if ('policy_id' in policy) return storedPolicy(tx, policy.policy_id, policy.version);
  const known = {
    ever: replaces ? await controlsEverOf(tx, replaces.id) : new Map(),
    present: replaces?.document.controls ?? [],
  };
  const { document } = identifyControls(await withLineages(tx, policy), known, () => deps.makeId('control'));
  return { id: replaces?.id ?? deps.makeId('policy'), version: 0, mode: document.mode, document };
}

async function storedPolicy(tx: Tx, id: string, version: number | undefined): Promise<ActivePolicy> {
  const row = found(await policyById(tx, id), 'policy', '/api/v1/policies');
  if (version === undefined || version === row.version) return row;
  const [older] = await versionsOf(tx, id, [version]);
  const { document, mode } = found(older, 'version of this policy', `/api/v1/policies/${id}/versions`);
  return { id, version, mode, document };
}

/** Keys of one project see the previews of that project; those of the whole tenant see all. */
async function visible(tx: Tx, context: Context, id: string): Promise<PreviewRow> {
  const row = await findPreview(tx, id);
  const project = visibleProject(context);
  return found(
    row && (project === null || row.project_id === project) ? row : undefined,
    'preview',
    '/api/v1/policies',
  );
}

/** Nobody has been at it for so long: its process is gone. */
const left_after_ms = 30_000;

function shown({ deps }: Context, row: PreviewRow): PreviewObject {
  const is_left = row.status === 'running' && deps.clock.now() - epochMs(row.touched_at) > left_after_ms;
  return {
    id: row.id,
    status: is_left ? 'failed' : row.status,
    calls_done: row.calls_done as unknown as number,
    calls_total: row.calls_total as unknown as number | null,
    result: row.result as unknown as PreviewObject['result'],
    error: is_left ? 'the process that computed it has stopped: ask again' : row.error,
    created_at: row.created_at,
    ended_at: row.ended_at,
    url: consoleUrl(deps.config.public_url, row.id),
  };
}
