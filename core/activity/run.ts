import { z } from 'zod';

/** How a run came to be. A reported one was observed: nothing of it was decided, held or counted. */
export const run_modes = ['gateway', 'managed', 'external', 'reported'] as const;

export const run_holds = ['none', 'paused', 'stopping'] as const;

export const run_statuses = [
  'queued',
  'running',
  'retry',
  'succeeded',
  'failed',
  'failed_policy',
  'cancelled',
] as const;

/** Strongest first: when several reasons apply to the end of a run, the first of this list is its reason. */
export const termination_reasons = [
  'POLICY_BLOCK',
  'BUDGET_EXCEEDED',
  'RATE_LIMITED',
  'TIMEOUT',
  'SYSTEM_FAILURE',
  'USER_ABORT',
  'COMPLETED',
] as const;
export const termination_reason = z.enum(termination_reasons);
export type TerminationReason = z.infer<typeof termination_reason>;

export const categories = [
  'EXECUTION_FAILURE',
  'BUDGET_EXCEEDED',
  'RATE_LIMIT',
  'TOKEN_LIMIT',
  'CONTENT_POLICY',
  'PII_DETECTED',
  'SAFETY_VIOLATION',
  'HALLUCINATION',
  'RAG_ACCESS_DENIED',
  'DB_ACCESS_DENIED',
] as const;
export type Category = (typeof categories)[number];

export const severities = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const;
export type Severity = (typeof severities)[number];
