import { usual_base_url, usualModel } from '@aos/core/access/provider.ts';
import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import { Problem } from '@aos/core/base/error.ts';
import type { Tx } from '../base/database.ts';
import { sealContext } from '../base/vault.ts';
import { modelsAt } from '../govern/provider-models.ts';
import type { Context, Handlers } from '../http/handler.ts';
import { allProviders } from '../store/control-read.ts';
import { cursorOf } from '../store/list.ts';
import {
  defaultProvider,
  findProvider,
  insertProvider,
  listProviders,
  type ProviderRow,
  setDefaultModel,
  updateProvider,
} from '../store/providers.ts';
import { found, inControl, inTenant, nowText, record, shown, shownPage, unlessTaken } from './change.ts';
import { refuseProjectKey } from './project-reach.ts';

type Names =
  | 'createProvider'
  | 'listProviders'
  | 'getProvider'
  | 'changeProvider'
  | 'disableProvider'
  | 'useProvider'
  | 'listProviderModels';

export const provider_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  createProvider: ({ body }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Adding a provider');
      const id = context.deps.makeId('provider');
      const row = await insertProvider(tx, context.identity.tenant_id, {
        id,
        slug: body.slug,
        kind: body.kind,
        base_url: body.base_url ?? usual_base_url[body.kind],
        secret_envelope: sealed(context, id, body.secret ?? null),
        models: body.models,
        enabled: true,
        created_at: nowText(context),
      });
      const after = unlessTaken(row, 'provider', body.slug);
      await record(tx, context, {
        event: 'PROVIDER_CREATED',
        object_type: 'provider',
        object_id: id,
        before: null,
        after,
      });
      return shown(context, after);
    }),

  listProviders: ({ query }, context) =>
    inTenant(context, async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('provider', query.cursor) };
      return shownPage<ProviderRow>(context, await listProviders(tx, page));
    }),

  getProvider: ({ params }, context) => inTenant(context, async (tx) => shown(context, await existing(tx, params.id))),

  changeProvider: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Changing a provider');
      const before = await existing(tx, params.id);
      const { base_url = before.base_url, models = before.models, enabled = before.enabled, secret } = body;
      if (before.kind === 'mock' && (body.base_url !== undefined || secret)) {
        throw new Problem(
          'invalid_body',
          'The body cannot be read: the built-in provider has no base_url and no secret.',
        );
      }
      if (base_url !== before.base_url && before.has_secret && secret === undefined) throw unguarded();
      const updated_at = nowText(context);
      const envelope = secret === undefined ? undefined : sealed(context, before.id, secret);
      const after = await updateProvider(tx, { ...before, base_url, models, enabled, updated_at }, envelope);
      const change = { event: 'PROVIDER_CHANGED', object_type: 'provider', object_id: after.id, before };
      await record(tx, context, { ...change, after: { ...after, secret_changed: secret !== undefined } });
      return shown(context, after);
    }),

  disableProvider: ({ params }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Switching a provider off');
      const before = await existing(tx, params.id);
      if (!before.enabled) return shown(context, before);
      const after = await updateProvider(tx, { ...before, enabled: false, updated_at: nowText(context) }, undefined);
      await record(tx, context, {
        event: 'PROVIDER_DISABLED',
        object_type: 'provider',
        object_id: after.id,
        before,
        after,
      });
      return shown(context, after);
    }),

  useProvider: ({ params, body }, context) =>
    inControl(context, async (tx) => {
      refuseProjectKey(context, 'Choosing the default provider');
      const of = await existing(tx, params.id);
      const model = body.model ?? usualModel(of);
      if (model === undefined)
        throw new Problem('invalid_body', `The body cannot be read: say which model of "${of.slug}" is meant: model.`);
      if (!of.enabled) throw new Problem('conflict', `The provider "${of.slug}" is off: enable it first.`);
      const before = await defaultProvider(tx);
      const after = await setDefaultModel(tx, { id: of.id, model, at: nowText(context) });
      await record(tx, context, {
        event: 'PROVIDER_DEFAULT_CHANGED',
        object_type: 'provider',
        object_id: of.id,
        before: before ? { provider: before.slug, model: before.default_model } : null,
        after: { provider: after.slug, model },
      });
      return shown(context, after);
    }),

  listProviderModels: async ({ params }, context) => {
    refuseProjectKey(context, 'Asking a provider for its models');
    const { tenant_id } = context.identity;
    const { id } = await inTenant(context, (tx) => existing(tx, params.id));
    const rows = await inTenant(context, allProviders);
    return modelsAt(
      context.deps,
      tenant_id,
      present(
        rows.find((row) => row.id === id),
        'a provider of the tenant',
      ),
    );
  },
};

const existing = async (tx: Tx, ref: string): Promise<ProviderRow> =>
  found(await findProvider(tx, ref), 'provider', '/api/v1/providers');

const sealed = ({ deps, identity }: Context, id: string, secret: string | null): string | null =>
  secret === null ? null : deps.vault.seal(secret, sealContext(identity.tenant_id, 'providers', id));

/** Else whoever may change the address could have the stored secret sent to one of theirs. */
const unguarded = (): Problem =>
  new Problem(
    'invalid_body',
    'The body cannot be read: base_url changes, so secret is needed again: a stored secret is never sent to a new address. Send null if the new address needs none.',
  );
