import type { Category, Severity } from '@aos/core/activity/run.ts';

// Records over the types of the server: one that is missing or unknown there does not compile, and no schema of the
// server has to be loaded for it.
const categories: Record<Category, true> = {
  BUDGET_EXCEEDED: true,
  TOKEN_LIMIT: true,
  RATE_LIMIT: true,
  CONTENT_POLICY: true,
  PII_DETECTED: true,
  SAFETY_VIOLATION: true,
  HALLUCINATION: true,
  RAG_ACCESS_DENIED: true,
  DB_ACCESS_DENIED: true,
  EXECUTION_FAILURE: true,
};
const severities: Record<Severity, true> = { CRITICAL: true, HIGH: true, MEDIUM: true, LOW: true };

/** What an incident may be about, as the API names it. */
export const incident_categories = Object.keys(categories);

/** The gravest first. */
export const severity_names = Object.keys(severities);
