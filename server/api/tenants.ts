import type { access_endpoints } from '@aos/core/api/access.ts';
import { present } from '@aos/core/base/assert.ts';
import type { Handlers } from '../http/handler.ts';
import { cursorOf } from '../store/list.ts';
import { installation_actor, makeOwnerKey, makeTenant } from '../store/new-tenant.ts';
import { enterTenant, listTenants, type TenantRow } from '../store/tenants.ts';
import { record, shown, shownPage, unlessTaken } from './change.ts';

type Names = 'createTenant' | 'listTenants';

export const tenant_handlers: Handlers<Pick<typeof access_endpoints, Names>> = {
  createTenant: ({ body }, context) =>
    context.deps.db.installation(async (tx) => {
      const { deps, identity } = context;
      const name = body.name ?? body.slug;
      const { tenant, project } = unlessTaken(
        await makeTenant(tx, deps, { slug: body.slug, name }),
        'tenant',
        body.slug,
      );
      const wanted = { name: 'owner', project_id: project.id, created_by: installation_actor };
      const made = present(await makeOwnerKey(tx, deps, tenant.id, wanted), 'a key that is new by chance');
      await enterTenant(tx, identity.tenant_id);
      await record(tx, context, {
        event: 'TENANT_CREATED',
        object_type: 'tenant',
        object_id: tenant.id,
        before: null,
        after: tenant,
      });
      return { ...shown(context, tenant), api_key: { ...shown(context, made.row), secret: made.secret } };
    }),

  listTenants: ({ query }, context) =>
    context.deps.db.installation(async (tx) => {
      const page = { limit: query.limit, cursor: cursorOf('tenant', query.cursor) };
      return shownPage<TenantRow>(context, await listTenants(tx, page));
    }),
};
