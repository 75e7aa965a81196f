/** What an incident may be about, as the API names it. */
export const incident_categories = [
  'BUDGET_EXCEEDED',
  'TOKEN_LIMIT',
  'RATE_LIMIT',
  'CONTENT_POLICY',
  'PII_DETECTED',
  'SAFETY_VIOLATION',
  'HALLUCINATION',
  'RAG_ACCESS_DENIED',
  'DB_ACCESS_DENIED',
  'EXECUTION_FAILURE',
];

/** The gravest first. */
export const severity_names = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW'];
