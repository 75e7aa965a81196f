import { z } from 'zod';

export const roles = [
  'owner',
  'admin',
  'policy_author',
  'approver',
  'operator',
  'auditor',
  'viewer',
  'service',
] as const;
export const role = z.enum(roles);
export type Role = z.infer<typeof role>;

/** What an endpoint may ask of a key. Whoever has only `read_own_runs` sees the runs that its own key began, by lineage. `installation` is above all tenants: owners of the first tenant have it. */
export const permissions = [
  'installation',
  'call',
  'read_own_runs',
  'read',
  'read_logs',
  'write_policies',
  'activate_policies',
  'judge',
  'operate',
  'approve',
  'administer',
] as const;
export type Permission = (typeof permissions)[number];

const reader: Permission[] = ['read_own_runs', 'read'];
const granted: Record<Role, readonly Permission[]> = {
  owner: permissions,
  admin: [
    ...reader,
    'call',
    'read_logs',
    'write_policies',
    'activate_policies',
    'judge',
    'operate',
    'approve',
    'administer',
  ],
  policy_author: [...reader, 'read_logs', 'write_policies', 'judge'],
  approver: [...reader, 'read_logs', 'activate_policies', 'approve'],
  operator: [...reader, 'read_logs', 'judge', 'operate', 'approve'],
  auditor: [...reader, 'read_logs'],
  viewer: reader,
  service: ['call', 'read_own_runs'],
};

export const mayDo = (of: Role, permission: Permission): boolean => granted[of].includes(permission);

/** A key can only make keys that may do no more than itself. */
export const mayGrant = (granter: Role, to: Role): boolean =>
  granted[to].every((permission) => mayDo(granter, permission));
