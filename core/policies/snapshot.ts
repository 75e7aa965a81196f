import type { ActiveExemption } from './exemption.ts';
import type { ActiveOverride } from './override.ts';
import type { PolicyMode, StoredDocument } from './policy.ts';

/** An active policy as it stands in a snapshot. */
export interface ActivePolicy {
  id: string;
  version: number;
  mode: PolicyMode;
  document: StoredDocument;
  /** Exceptions that people made from it, by id; absent when there are none. Each is in force until it expires. */
  overrides?: ActiveOverride[];
  exemptions?: ActiveExemption[];
}

/** All active policies of a tenant at one moment, sorted by id: equal sets are equal texts. Immutable. */
export interface SnapshotDocument {
  policies: ActivePolicy[];
}

/** The same policies are the same document in whatever order they came: its hash names it. */
export function snapshotOf(policies: readonly ActivePolicy[]): SnapshotDocument {
  return { policies: [...policies].sort((a, b) => (a.id < b.id ? -1 : 1)) };
}
