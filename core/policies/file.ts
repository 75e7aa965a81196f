import { z } from 'zod';
import { control } from './control.ts';
import { policy_document } from './policy.ts';

/**
 * A policy as it is kept in a file: its document, and whether it is to be in force. A file says what shall be, so a
 * policy that says nothing of its status is active; `mode: shadow` lets it only watch.
 */
export const policy_file = policy_document.extend({
  status: z.enum(['active', 'disabled', 'draft']).default('active'),
});
export type PolicyFile = z.infer<typeof policy_file>;

/** What a name is recognised by: `Support bot: daily cap` and `support-bot daily cap` are one policy. */
export function slugOf(name: string): string {
  const plain = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  const slug = plain.replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-+|-+$/g, '');
  return slug === '' ? plain.trim() : slug;
}

/** Where a server publishes the schema. */
export const policy_schema_path = '/schema/policy.json';

/** The JSON Schema of a policy file, for editors: made from the schema that parses it. `id`: where it is published. */
export function policyJsonSchema(id: string): object {
  const { $schema, ...schema } = z.toJSONSchema(policy_file, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const description = jsonSchema.description ?? descriptions.get(zodSchema);
      if (description !== undefined) jsonSchema.description = description;
      if (zodSchema === (control as z.core.$ZodType))
        jsonSchema.oneOf = [{ required: ['limit'] }, { required: ['rule'] }];
      delete jsonSchema.id;
    },
  });
  return { $schema, $id: id, title: 'A policy', ...schema };
}

const { shape } = policy_file;
/** What editors show beside a member. */
const descriptions: ReadonlyMap<z.core.$ZodType, string> = new Map<z.core.$ZodType, string>([
  [shape.name, 'What people call it; in files it is also what the policy is recognised by'],
  [shape.target, 'Who it applies to'],
  [shape.mode, 'enforce: it decides; shadow: it is recorded what it would have done'],
  [shape.controls, 'Limits and rules, each with what happens when it fires'],
  [shape.status, 'Whether it is in force'],
  [shape.start_at, 'Before this instant it applies to no call; absent: from its activation on'],
  [shape.expires_at, 'From this instant on it applies to no call'],
  [shape.error_detail, 'full: a refusal names the policy and its amounts; minimal: neither, to the caller'],
  [shape.owner, 'Who answers for it'],
]);
