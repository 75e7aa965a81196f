import { z } from 'zod';
import { idOf } from '../base/id.ts';
import { instant } from '../base/time.ts';
import { control, type StoredControl } from './control.ts';
import { target } from './target.ts';

export const policy_statuses = ['draft', 'active', 'disabled', 'retired'] as const;
export type PolicyStatus = (typeof policy_statuses)[number];
export const policy_mode = z.enum(['enforce', 'shadow']);
export type PolicyMode = z.infer<typeof policy_mode>;

/** How much a caller is told of a refusal: with `minimal` neither amounts nor what the policy says. */
const error_detail = z.enum(['full', 'minimal']);

/** What a person writes: who it applies to and what it controls. The same document in JSON, YAML and the console. */
export const policy_document = z.strictObject({
  name: z.string().trim().min(1).max(200),
  description: z.string().max(2000).optional(),
  owner: z.string().max(200).optional(),
  tags: z.array(z.string().min(1).max(100)).max(50).optional(),
  target,
  mode: policy_mode.default('enforce'),
  controls: z.array(control).min(1).max(50),
  /** Absent: full. */
  error_detail: error_detail.optional(),
  /** Before this instant it applies to no call, however long it has been active. */
  start_at: instant.optional(),
  expires_at: instant.optional(),
});
export type PolicyDocument = z.infer<typeof policy_document>;
export type StoredDocument = Omit<PolicyDocument, 'controls'> & { controls: StoredControl[] };

export const policy = z.object({
  id: idOf('policy'),
  name: z.string(),
  status: z.enum(policy_statuses),
  mode: policy_mode,
  version: z.int(),
  source: z.enum(['manual', 'file', 'learned']),
  document: z.unknown(),
  created_at: instant,
  created_by: z.string(),
  updated_at: instant,
  activated_at: instant.nullable(),
  retired_at: instant.nullable(),
  retired_reason: z.string().nullable(),
});

/** The one table of what may follow what; `retired` is final. */
const transitions: Record<PolicyStatus, readonly PolicyStatus[]> = {
  draft: ['active', 'retired'],
  active: ['active', 'disabled', 'retired'],
  disabled: ['active', 'retired'],
  retired: [],
};

/** The lifecycle has this step; retired is final. */
export const mayBecome = (from: PolicyStatus, to: PolicyStatus): boolean => transitions[from].includes(to);
