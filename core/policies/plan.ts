import type { Identified } from './control-ids.ts';
import { diffDocuments, type FieldChange } from './diff.ts';
import type { PolicyFile } from './file.ts';
import { type PolicyStatus, policy_document, type StoredDocument } from './policy.ts';

/** A policy that came from a file, as it is now. */
export interface FromFile {
  id: string;
  slug: string;
  status: PolicyStatus;
  version: number;
  /** The version that the file made last; null: it was never applied. */
  applied_version: number | null;
  document: StoredDocument;
}

/** What is to become of one policy so that it is as its file says. */
export interface Planned {
  slug: string;
  action: 'create' | 'update' | 'unchanged' | 'retire';
  before: FromFile | null;
  status: PolicyStatus;
  document: StoredDocument;
  changes: FieldChange[];
  /** Of its controls, those whose counters go on elsewhere or start from zero. */
  replaced: Identified['replaced'];
}

/** Whether the policy was changed by hand after its file was applied. */
export const isDrifted = ({ version, applied_version }: Pick<FromFile, 'version' | 'applied_version'>): boolean =>
  applied_version !== null && version !== applied_version;

/** The plan for one file: its document with the ids of the controls that it keeps, against the policy that is there. */
export function planFile(
  { slug, status }: Pick<PolicyFile, 'status'> & { slug: string },
  { document, replaced }: Identified,
  before: FromFile | null,
): Planned {
  if (!before) {
    return { slug, action: 'create', before, status, document, changes: [], replaced };
  }
  const changes = changesBetween(before, { status, document });
  return { slug, action: changes.length > 0 ? 'update' : 'unchanged', before, status, document, changes, replaced };
}

/** Policies from files that are in none of the files any more. */
export const planRetired = (before: FromFile): Planned => ({
  slug: before.slug,
  action: 'retire',
  before,
  status: 'retired',
  document: before.document,
  changes: [statusChange(before.status, 'retired')],
  replaced: [],
});

interface Standing {
  status: PolicyStatus;
  document: StoredDocument;
}

/** What turns one state of a policy into another: its document, and whether it is in force. */
export function changesBetween(before: Standing, after: Standing): FieldChange[] {
  const status = before.status === after.status ? [] : [statusChange(before.status, after.status)];
  return [...status, ...diffDocuments(plain(before.document), plain(after.document))];
}

/** With every default written out: a document that was stored before a member came has it too. */
const plain = (document: StoredDocument) => policy_document.parse(document);

const statusChange = (before: PolicyStatus, after: PolicyStatus): FieldChange => ({
  path: 'status',
  change: 'changed',
  before,
  after,
  words: `Status: ${before} becomes ${after}`,
});
