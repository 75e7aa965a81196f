import type { Answer } from '../api.ts';

/** The document of a policy as it was written, without what became of it. */
export function writtenOf(policy: Answer<'getPolicy'>): Record<string, unknown> {
  const { name, description, owner, tags, target, mode, controls, error_detail, start_at, expires_at } = policy;
  const optional = Object.entries({ description, owner, tags, error_detail, start_at, expires_at });
  const given = optional.filter(([, value]) => value !== undefined && value !== null);
  return { name, target, mode, controls, ...Object.fromEntries(given) };
}
