import type { z } from 'zod';
import type { Call } from '../../activity/call.ts';
import type { Refusal } from '../refusal.ts';

/** The members that every rule of the policy document has. */
export interface RuleOf {
  type: string;
  params: Record<string, unknown>;
}

/** What a detector saw: nothing wrong, something wrong and why, or that it could not look. */
export type Finding = { found: false } | { found: true; reason: string } | { not_evaluated: true; reason: string };

/** One type of rule: its schema, what it looks for, its refusal and its examples in one place. */
export interface Detector<Document extends RuleOf = RuleOf> {
  type: string;
  title: string;
  schema: z.ZodType<Document>;
  detect(rule: Document, call: Call): Finding;
  /**
   * What it finds depends on nothing but what the record of a call keeps, so history can be asked again. Absent: it
   * cannot, and a preview counts the call as one that it could not check.
   */
  replayable?: true;
  refusal: Refusal;
  /** Calls that the rule lets pass and calls that it finds: run by the contract test of all detectors. */
  examples: Record<'miss' | 'hit', { rule: Document; call: Partial<Call> }>;
}

/** Keeps the document's own type inside the file that defines it; the registry sees the common one. */
export function defineDetector<Document extends RuleOf>(of: Detector<Document>): Detector {
  return of as unknown as Detector;
}
